// JPEGs straight through libjpeg-turbo: the very pixels of cv::imdecode, without the loop that turns its RGB rows into BGR, which
// takes Debian's OpenCV 4.6 as long as all the rest.
#pragma once

#include <opencv2/core.hpp>
#include <optional>

#include "mxclassify/decode.h"

namespace mxclassify {
// A JPEG of one or three components (grey, YCbCr, RGB), upright as its EXIF says; nothing for any other image, which is for OpenCV.
// Throws Undecodable where libjpeg fails or warns.
std::optional<cv::Mat> DecodeJpeg(const Bytes &image);
}  // namespace mxclassify

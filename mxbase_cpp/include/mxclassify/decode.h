// Encoded bytes to pixels.
#pragma once

#include <cstddef>
#include <opencv2/core.hpp>

#include "mxclassify/picture.h"

namespace mxclassify {
constexpr const char *DAMAGED = "it is damaged: its decoder has warned of it";
constexpr const char *TOO_LARGE = "its pixels are too many";
constexpr size_t MAX_PICTURE_BYTES = size_t{1} << 30;  // malloc_max_data_size of the sdk.conf that comes with the SDK

// The pixels that cv::imdecode gives with IMREAD_COLOR: BGR, EXIF orientation applied.
// With a denominator of 2, 4 or 8 those of IMREAD_REDUCED_COLOR_2, _4 or _8, for a JPEG only.
// Throws Undecodable if there is no image, if the decoder warns, or if the pixels exceed MAX_PICTURE_BYTES.
cv::Mat Decode(const Bytes &image, int denominator = 1);

// The same with OpenCV only.
cv::Mat DecodeByOpenCv(const Bytes &image, int denominator = 1);
}  // namespace mxclassify

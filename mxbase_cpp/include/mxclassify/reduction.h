// How far a JPEG may be reduced while it is decoded. pipelines/reduction.py and pipelines/cpu/jpeg_segments.py decide the same.
#pragma once

#include <opencv2/core.hpp>
#include <optional>

#include "mxclassify/picture.h"

namespace mxclassify {
// The size of a JPEG as it is shown, by its frame header and its EXIF orientation. Empty for another image, for a JPEG without a frame
// header before its first scan, and for EXIF that the server did not write: OpenCV's versions may read it differently.
std::optional<cv::Size> UprightJpegSize(const Bytes &image);

// 8, 4, 2 or 1: the largest by which both sides can be divided and still be as long as those of the resized picture.
int Denominator(cv::Size full, cv::Size resized);
}  // namespace mxclassify

// The orientation of a JPEG, as OpenCV reads it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <opencv2/core.hpp>
#include <optional>

namespace mxclassify {
// 1..8 by the first directory of an EXIF block ("Exif\0\0" and a TIFF header), 1 where it does not say; nothing for a block that is
// not plain (another header, tags out of order, texts that lie outside), in which OpenCV may see something else.
std::optional<int> ExifOrientation(const uint8_t *block, size_t size);

// What is upright by that orientation.
cv::Mat Upright(const cv::Mat &pixels, int orientation);
}  // namespace mxclassify

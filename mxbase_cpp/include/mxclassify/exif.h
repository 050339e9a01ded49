// The orientation of a JPEG, as OpenCV reads it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <opencv2/core.hpp>
#include <optional>

namespace mxclassify {
// 1..8 by the first directory of an EXIF block ("Exif\0\0" and a TIFF header), 1 if it has none; an empty optional for a block that is
// not plain (another header, tags out of order, texts outside the block), which OpenCV may read differently.
std::optional<int> ExifOrientation(const uint8_t *block, size_t size);

// Turns a picture of that orientation upright.
cv::Mat Upright(const cv::Mat &pixels, int orientation);
}  // namespace mxclassify

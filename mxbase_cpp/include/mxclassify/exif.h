// The orientations of pictures: of a JPEG as OpenCV reads it, of others as the server writes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <opencv2/core.hpp>
#include <optional>

#include "mxclassify/picture.h"

namespace mxclassify {
// 1..8 by the first directory of an EXIF block ("Exif\0\0" and a TIFF header), 1 if it has none; an empty optional for a block that is
// not plain (another header, tags out of order, texts outside the block), which OpenCV may read differently.
std::optional<int> ExifOrientation(const uint8_t *block, size_t size);

// 1..8 if a PNG has it in a chunk behind its header, or a WebP in its last chunk, as server/images/png.py and webp.py write it; else 1.
int WrittenOrientation(const Bytes &image);

// 1..8 of an EXIF block of a JPEG, as server/images/jpeg.py writes it; 0 for any other block.
int WrittenOrientation(const uint8_t *block, size_t size);

// Turns a picture of that orientation upright.
cv::Mat Upright(const cv::Mat &pixels, int orientation);
}  // namespace mxclassify

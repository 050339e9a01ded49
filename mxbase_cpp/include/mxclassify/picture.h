// Encoded bytes to the pixels the model takes.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <vector>

#include "mxclassify/geometry.h"

namespace mxclassify {
using Bytes = std::vector<uint8_t>;

// A fault of the image, never of the engine.
struct Undecodable : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Picture {
    Bytes pixels;  // height × width × 3, BGR, tight
    double decode_s = 0;
    double resize_s = 0;
};

// Decode, resize linearly, crop from the middle. Throws Undecodable if the image cannot be decoded or is smaller than the crop.
Picture Prepare(const Bytes &image, const Geometry &geometry);
}  // namespace mxclassify

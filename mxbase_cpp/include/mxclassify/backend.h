// What the batcher drives: something that prepares images, and lanes to a device that infer batches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "mxclassify/picture.h"
#include "mxclassify/ranking.h"

namespace mxclassify {
struct Inferred {
    std::vector<std::vector<ClassScore>> best;  // one for each image, in order
    std::vector<std::vector<float>> all;        // likewise, empty where they were not asked for; without an entry where none were
    double infer_s = 0;
    double postprocess_s = 0;
};

// Used by the thread that opened it.
class Lane {
public:
    virtual ~Lane() = default;
    // Rising.
    virtual const std::vector<size_t> &gears() const = 0;
    // At most `gear` images of the size Prepare makes; `full` says of each whether the scores of all classes are wanted, and has no
    // entry where they are wanted of none. Throws for what is the engine's fault.
    virtual Inferred Run(const std::vector<const uint8_t *> &images, size_t gear, const std::vector<bool> &full) = 0;
};

class Backend {
public:
    virtual ~Backend() = default;
    // From several threads at once. Throws Undecodable.
    virtual Picture Prepare(const Bytes &image) = 0;
    virtual size_t ImageBytes() const = 0;
    virtual std::unique_ptr<Lane> OpenLane() = 0;
};
}  // namespace mxclassify

// The interface behind the batcher: a function that prepares images, and lanes to a device that infer batches.
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

// For the thread that opened it.
class Lane {
public:
    virtual ~Lane() = default;
    // Rising.
    virtual const std::vector<size_t> &gears() const = 0;
    // At most `gear` images of the size from Prepare; `full` says for each whether the scores of all classes are wanted, and has no
    // entries if no image needs them. `alone`: the engine has no images but these. Throws for a fault of the engine.
    virtual Inferred Run(const std::vector<const uint8_t *> &images, size_t gear, const std::vector<bool> &full, bool alone) = 0;
};

class Backend {
public:
    virtual ~Backend() = default;
    // Several threads may call it at once. Throws Undecodable.
    virtual Picture Prepare(const Bytes &image) = 0;
    virtual size_t ImageBytes() const = 0;
    virtual std::unique_ptr<Lane> OpenLane() = 0;
};
}  // namespace mxclassify

// The scores of a batch to the best classes of every image: our own way, or the SDK's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "mxclassify/ranking.h"
#include "mxclassify/vendor_api.h"

namespace mxclassify {
enum class Ranking {
    kOwn,  // exact softmax, the lower id first among equals
    // Resnet50PostProcess: table softmax (scores within 4e-5 of themselves), NaN from a logit of 89 on, equals in the order of std::sort.
    kSdk,
};

struct PostProcessOptions {
    Ranking ranking = Ranking::kOwn;
    uint32_t classes = 0;
    uint32_t top_k = 16;
    bool softmax = true;
};

class PostProcess {
public:
    virtual ~PostProcess() = default;
    // {batch, classes} FP32, host or device → the best of the first `images` of them, best first. Throws DeviceError.
    virtual std::vector<std::vector<ClassScore>> Best(const MxBase::TensorBase &scores, size_t images) = 0;
};

// Throws DeviceError.
std::unique_ptr<PostProcess> MakePostProcess(const PostProcessOptions &options);
}  // namespace mxclassify

// From the scores of a batch to the best classes of every image, by this project's ranking or the SDK's; and to all scores, if wanted.
#pragma once

#include <memory>
#include <vector>

#include "mxclassify/post_process_options.h"
#include "mxclassify/ranking.h"
#include "mxclassify/vendor_api.h"

namespace mxclassify {
struct BatchScores {
    std::vector<std::vector<ClassScore>> best;  // best first, one for each image
    std::vector<std::vector<float>> all;        // by class id, empty where they were not asked for; without an entry where none were
};

class PostProcess {
public:
    virtual ~PostProcess() = default;
    // {batch, classes} FP32, host or device → the scores of the first `images` of them; `full` as for a Lane. The SDK's class returns the
    // best only: then all scores come from the same tensor by this project's softmax, and differ from the ranked ones by at most 4e-5.
    // Throws DeviceError.
    virtual BatchScores Process(const MxBase::TensorBase &scores, size_t images, const std::vector<bool> &full) = 0;
};

// Throws DeviceError.
std::unique_ptr<PostProcess> MakePostProcess(const PostProcessOptions &options);
}  // namespace mxclassify

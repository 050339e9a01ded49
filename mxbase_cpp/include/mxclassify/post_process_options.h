// Which ranking, of how many classes.
#pragma once

#include <cstdint>

namespace mxclassify {
enum class Ranking {
    kOwn,  // exact softmax, the lower id first among equals
    // Resnet50PostProcess: table softmax (scores differ by at most 4e-5), NaN from a logit of 89 on, equals in the order of std::sort.
    kSdk,
};

struct PostProcessOptions {
    Ranking ranking = Ranking::kOwn;
    uint32_t classes = 0;
    uint32_t top_k = 16;
    bool softmax = true;
};
}  // namespace mxclassify

// Scores to the best classes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mxclassify {
struct ClassScore {
    int class_id;
    float score;
};

// Softmax of (classes,) in place, shifted by the largest so that large logits do not overflow (the vendor's do); a logit that is
// NaN or infinite makes every score NaN.
void Softmax(std::vector<float> &logits);

// The `top_k` largest, largest first, the lower id first among equals, NaN last.
std::vector<ClassScore> Ranked(const std::vector<float> &scores, size_t top_k);
}  // namespace mxclassify

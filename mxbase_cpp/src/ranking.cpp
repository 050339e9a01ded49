#include "mxclassify/ranking.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mxclassify {
void Softmax(std::vector<float> &logits) {
    float largest = -INFINITY;
    for (const float logit : logits) {
        largest = std::isnan(logit) || logit > largest ? logit : largest;
        if (std::isnan(largest)) break;
    }
    double total = 0;
    for (float &logit : logits) {
        logit = std::exp(logit - largest);
        total += logit;
    }
    for (float &power : logits) {
        power /= static_cast<float>(total);
    }
}

std::vector<ClassScore> Ranked(const std::vector<float> &scores, size_t top_k) {
    std::vector<int> order(scores.size());
    std::iota(order.begin(), order.end(), 0);
    const auto better = [&scores](int a, int b) {
        const float one = scores[a];
        const float other = scores[b];
        if (one != other && !(std::isnan(one) && std::isnan(other))) {
            return std::isnan(other) || one > other;
        }
        return a < b;
    };
    const size_t count = std::min(top_k, order.size());
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(), better);
    std::vector<ClassScore> best;
    best.reserve(count);
    for (size_t place = 0; place < count; ++place) {
        best.push_back({order[place], scores[order[place]]});
    }
    return best;
}
}  // namespace mxclassify

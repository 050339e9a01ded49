#include "table_softmax.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace MxCpu {
namespace {
constexpr int BITS = 12;
constexpr int SIZE = 1 << BITS;
constexpr float BOUND = 255;
constexpr float STEPS = 65536;
constexpr float SMALLEST_SUM = 1e-6F;

struct Tables {
    std::array<float, SIZE> low[2];   // by sign: e^(±i/65536)
    std::array<float, SIZE> high[2];  // e^(±i/16)

    Tables() {
        for (int sign = 0; sign < 2; ++sign) {
            for (int i = 0; i < SIZE; ++i) {
                const float step = sign ? -static_cast<float>(i) : static_cast<float>(i);
                low[sign][i] = std::exp(step / STEPS);
                high[sign][i] = std::exp(step * SIZE / STEPS);
            }
        }
    }
};

float Power(const Tables &tables, float logit) {
    if (std::isnan(logit)) {
        return 1;  // converted to an integer, NaN has no low bits on x86
    }
    const auto steps = static_cast<int32_t>(std::clamp(logit, -BOUND, BOUND) * STEPS);
    const int sign = steps < 0;
    const int32_t size = std::abs(steps);
    return tables.low[sign][size & (SIZE - 1)] * tables.high[sign][size >> BITS];
}
}  // namespace

void TableSoftmax(std::vector<float> &logits) {
    static const Tables tables;
    std::vector<float> powers(logits.size());
    float total = 0;
    for (size_t i = 0; i < logits.size(); ++i) {
        powers[i] = Power(tables, logits[i]);
        total += powers[i];
    }
    if (total < SMALLEST_SUM) {
        return;
    }
    for (size_t i = 0; i < logits.size(); ++i) {
        logits[i] = powers[i] / total;
    }
}
}  // namespace MxCpu

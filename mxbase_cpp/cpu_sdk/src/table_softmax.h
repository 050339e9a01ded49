// The vendor's softmax: exponentials from tables, no shift by the largest logit.
#pragma once

#include <vector>

namespace MxCpu {
// In place, over (classes,). Logits are clipped to ±255 and truncated to steps of 1/65536; from about 89 on the exponential overflows and
// the scores are NaN; if the sum is below 1e-6, the logits do not change. (ascend.md 2.7, observed)
void TableSoftmax(std::vector<float> &logits);
}  // namespace MxCpu

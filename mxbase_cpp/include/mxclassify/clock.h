// The clock of all deadlines and durations, the same as Python's time.monotonic().
#pragma once

#include <chrono>

namespace mxclassify {
inline double Now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
}  // namespace mxclassify

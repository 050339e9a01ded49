// The priority of threads.
#pragma once

#include <unistd.h>

namespace mxclassify {
constexpr int NICER_BY = 5;  // as in pipelines/cpu/low_priority.py, with the reason

// Lowers the priority of the calling thread. Does nothing where nice() would lower the whole process.
inline void LowerOwnPriority() {
#ifdef __linux__
    (void)!nice(NICER_BY);  // it cannot fail: everybody may lower a priority
#endif
}
}  // namespace mxclassify

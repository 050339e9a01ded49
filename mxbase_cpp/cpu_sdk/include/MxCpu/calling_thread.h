// What a caller may tell a CPU beyond the vendor's interface, for the inferences of the calling thread. A header alone: a program that is
// built against it still needs no symbol but the vendor's.
#pragma once

namespace MxCpu {
// Nothing else is under way, so the next inference may use all cores. The first one has the model compiled a second time for it.
inline thread_local bool alone = false;
}  // namespace MxCpu

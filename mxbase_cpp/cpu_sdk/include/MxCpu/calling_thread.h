// What a caller may tell a CPU beyond the vendor's interface, for the calling thread. A header alone: a program that is built against it
// still needs no symbol but the vendor's.
#pragma once

namespace MxCpu {
// Nothing else is under way, so the next inference may use all cores. The first one has the model compiled a second time for it.
inline thread_local bool alone = false;

// The models that are loaded from now on infer in bfloat16, not in float32. An int8 file says itself what is int8; its rest is float32.
inline thread_local bool bfloat16 = false;
}  // namespace MxCpu

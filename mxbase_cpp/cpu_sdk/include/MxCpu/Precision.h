// What inference on a CPU can do. The vendor has nothing like it: an OM is compiled for one precision.
#ifndef CPU_SDK_PRECISION_H
#define CPU_SDK_PRECISION_H

namespace MxCpu {
// Whether the processor has instructions for bfloat16; without them OpenVINO imitates it, slowly.
bool HasBf16();
}  // namespace MxCpu

#endif

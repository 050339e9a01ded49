// The precision of inference on a CPU. The vendor has nothing like it: an OM is compiled for one.
#ifndef CPU_SDK_PRECISION_H
#define CPU_SDK_PRECISION_H

#include <string>

namespace MxCpu {
// For the models that the calling thread loads from now on: "f32" (the default), "bf16", or "int8", for a file that says itself what is
// int8 and whose rest is float32. Throws std::invalid_argument for another word.
void UsePrecision(const std::string &wanted);

// Whether the processor has instructions for bfloat16; without them OpenVINO imitates it, slowly.
bool HasBf16();
}  // namespace MxCpu

#endif

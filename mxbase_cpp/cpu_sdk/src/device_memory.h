// Memory that only copies can access: a pointer into it is valid only for arithmetic.
#pragma once

#include <cstddef>

namespace MxCpu {
// nullptr without memory. The bytes are zero.
void *AllocateDevice(size_t size_bytes);
// False unless AllocateDevice returned `pointer`.
bool FreeDevice(void *pointer);
// The real place of the bytes from `pointer` on; nullptr unless all of them are in one allocation.
void *Reach(const void *pointer, size_t size_bytes);
// The number of allocations.
size_t DeviceAllocations();
}  // namespace MxCpu

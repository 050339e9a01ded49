// Memory that only copies reach: a pointer into it is good for arithmetic and for nothing else.
#pragma once

#include <cstddef>

namespace MxCpu {
// nullptr without memory. The bytes are zero.
void *AllocateDevice(size_t size_bytes);
// False unless `pointer` is what AllocateDevice returned.
bool FreeDevice(void *pointer);
// Where the bytes from `pointer` on really are; nullptr unless all of them lie in one allocation.
void *Reach(const void *pointer, size_t size_bytes);
// How many allocations there are.
size_t DeviceAllocations();
}  // namespace MxCpu

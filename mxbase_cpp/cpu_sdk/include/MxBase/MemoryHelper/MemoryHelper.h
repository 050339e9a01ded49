// Memory of the host and of the "device". As on a chip, only copies can read device memory, not its pointer.
#ifndef CPU_SDK_MEMORY_HELPER_H
#define CPU_SDK_MEMORY_HELPER_H

#include <cstddef>
#include <cstdint>

#include "MxBase/ErrorCode/ErrorCode.h"

namespace MxBase {
struct MemoryData {
    enum MemoryType { MEMORY_HOST = 0, MEMORY_DEVICE, MEMORY_DVPP, MEMORY_HOST_MALLOC, MEMORY_HOST_NEW };

    MemoryData() = default;

    MemoryData(size_t size, MemoryType type = MEMORY_HOST, int32_t deviceId = 0) : size(size), deviceId(deviceId), type(type) {}

    MemoryData(void *ptrData, size_t size, MemoryType type = MEMORY_HOST, int32_t deviceId = 0)
        : ptrData(ptrData), size(size), deviceId(deviceId), type(type) {}

    void *ptrData = nullptr;
    size_t size;
    int32_t deviceId;
    MemoryType type;
    APP_ERROR (*free)(void *) = nullptr;
};

class MemoryHelper {
public:
    // 1004 for a size of 0 or above 4 GiB, 2 without memory or, except for HOST_MALLOC and HOST_NEW, in a thread without a device.
    static APP_ERROR MxbsMalloc(MemoryData &data);
    // 1003 for a null pointer, 27 for device memory that was never allocated or is already freed.
    static APP_ERROR MxbsFree(MemoryData &data);
    // 1003 for a null pointer, 1004 for a size of 0 or larger than either side (the vendor checks only `dest`),
    // 26 for device memory that does not exist, is too small, or belongs to a device that the thread has not set.
    static APP_ERROR MxbsMemcpy(MemoryData &dest, const MemoryData &src, size_t count);
    // 1003 for a null source, 1004 for an empty one, 26 if the copy fails, and then nothing is allocated; else like malloc.
    static APP_ERROR MxbsMallocAndCopy(MemoryData &dest, const MemoryData &src);
};
}  // namespace MxBase

#endif

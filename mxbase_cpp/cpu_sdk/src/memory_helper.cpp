#include "MxBase/MemoryHelper/MemoryHelper.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "MxBase/DeviceManager/DeviceManager.h"
#include "device_memory.h"

namespace MxBase {
namespace {
constexpr size_t MAX_BYTES = size_t{4} << 30;

bool OnDevice(MemoryData::MemoryType type) { return type == MemoryData::MEMORY_DEVICE || type == MemoryData::MEMORY_DVPP; }

// ACL refuses a call from a thread without a context.
bool HasDevice() {
    DeviceContext device;
    return DeviceManager::GetInstance()->GetCurrentDevice(device) == APP_ERR_OK;
}

void *Allocate(const MemoryData &data) {
    switch (data.type) {
        case MemoryData::MEMORY_DEVICE:
        case MemoryData::MEMORY_DVPP:
            return HasDevice() ? MxCpu::AllocateDevice(data.size) : nullptr;
        case MemoryData::MEMORY_HOST:
            return HasDevice() ? std::malloc(data.size) : nullptr;
        case MemoryData::MEMORY_HOST_MALLOC:
            return std::malloc(data.size);
        case MemoryData::MEMORY_HOST_NEW:
            return new (std::nothrow) char[data.size];
    }
    return nullptr;
}

void *Reached(const MemoryData &data, size_t count) {
    if (!OnDevice(data.type)) {
        return data.ptrData;
    }
    return HasDevice() ? MxCpu::Reach(data.ptrData, count) : nullptr;
}
}  // namespace

APP_ERROR MemoryHelper::MxbsMalloc(MemoryData &data) {
    if (data.size == 0 || data.size > MAX_BYTES) {
        return APP_ERR_COMM_INVALID_PARAM;
    }
    data.ptrData = Allocate(data);
    return data.ptrData ? APP_ERR_OK : APP_ERR_ACL_BAD_ALLOC;
}

APP_ERROR MemoryHelper::MxbsFree(MemoryData &data) {
    if (data.ptrData == nullptr) {
        return APP_ERR_COMM_INVALID_POINTER;
    }
    if (OnDevice(data.type)) {
        if (!MxCpu::FreeDevice(data.ptrData)) {
            return APP_ERR_ACL_BAD_FREE;
        }
    } else if (data.type == MemoryData::MEMORY_HOST_NEW) {
        delete[] static_cast<char *>(data.ptrData);
    } else {
        std::free(data.ptrData);
    }
    data.ptrData = nullptr;
    return APP_ERR_OK;
}

APP_ERROR MemoryHelper::MxbsMemcpy(MemoryData &dest, const MemoryData &src, size_t count) {
    if (dest.ptrData == nullptr || src.ptrData == nullptr) {
        return APP_ERR_COMM_INVALID_POINTER;
    }
    if (count == 0 || count > dest.size || count > src.size) {
        return APP_ERR_COMM_INVALID_PARAM;
    }
    void *to = Reached(dest, count);
    const void *from = Reached(src, count);
    if (to == nullptr || from == nullptr) {
        return APP_ERR_ACL_BAD_COPY;
    }
    std::memcpy(to, from, count);
    return APP_ERR_OK;
}

APP_ERROR MemoryHelper::MxbsMallocAndCopy(MemoryData &dest, const MemoryData &src) {
    if (src.ptrData == nullptr) {
        return APP_ERR_COMM_INVALID_POINTER;
    }
    if (src.size == 0) {
        return APP_ERR_COMM_INVALID_PARAM;
    }
    const APP_ERROR ret = MxbsMalloc(dest);
    if (ret != APP_ERR_OK) {
        return ret;
    }
    if (MxbsMemcpy(dest, src, src.size) != APP_ERR_OK) {
        MxbsFree(dest);
        return APP_ERR_ACL_BAD_COPY;
    }
    return APP_ERR_OK;
}
}  // namespace MxBase

// A shape, an element type and memory. Copies share the memory, also after one of them has moved it.
#ifndef CPU_SDK_TENSOR_BASE_H
#define CPU_SDK_TENSOR_BASE_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "MxBase/ErrorCode/ErrorCode.h"
#include "MxBase/MemoryHelper/MemoryHelper.h"
#include "MxBase/Tensor/TensorBase/TensorDataType.h"

namespace MxBase {
class TensorBuffer;

class TensorBase {
public:
    TensorBase();
    virtual ~TensorBase() = default;
    TensorBase(const TensorBase &tensor) = default;
    // isBorrowed: the caller keeps the memory alive and frees it; otherwise the tensor frees it, from any thread.
    // Throws std::runtime_error unless memoryData.size fits shape and type.
    TensorBase(const MemoryData &memoryData, const bool &isBorrowed, const std::vector<uint32_t> &shape, const TensorDataType &type);
    // Without memory until TensorBaseMalloc.
    TensorBase(const std::vector<uint32_t> &shape, const TensorDataType &type, const MemoryData::MemoryType &bufferType,
               const int32_t &deviceId);
    TensorBase &operator=(const TensorBase &other);
    static APP_ERROR TensorBaseMalloc(TensorBase &tensor);

    size_t GetByteSize() const;
    std::vector<uint32_t> GetShape() const;
    int32_t GetDeviceId() const;
    uint32_t GetDataTypeSize() const;
    bool IsHost() const;
    bool IsDevice() const;
    // The pointer of a tensor on the device may be passed on, but not read.
    void *GetBuffer() const;
    APP_ERROR ToHost();

private:
    std::shared_ptr<TensorBuffer> buffer_;
    std::vector<uint32_t> shape_;
    TensorDataType dataType_ = TENSOR_DTYPE_UINT8;
};
}  // namespace MxBase

#endif

#include "MxBase/Tensor/TensorBase/TensorBase.h"

#include <functional>
#include <numeric>
#include <stdexcept>

namespace MxBase {
class TensorBuffer {
public:
    TensorBuffer() = default;
    TensorBuffer(size_t size, MemoryData::MemoryType type, int32_t deviceId) : size(size), type(type), deviceId(deviceId) {}

    bool OnDevice() const { return type == MemoryData::MEMORY_DEVICE || type == MemoryData::MEMORY_DVPP; }

    MemoryData Memory() const { return {data.get(), size, type, deviceId}; }

    void Own(void *pointer) {
        MemoryData memory(pointer, size, type, deviceId);
        data.reset(pointer, [memory](void *) mutable { MemoryHelper::MxbsFree(memory); });
    }

    APP_ERROR Malloc() {
        MemoryData memory(size, type, deviceId);
        const APP_ERROR ret = MemoryHelper::MxbsMalloc(memory);
        if (ret == APP_ERR_OK) {
            Own(memory.ptrData);
        }
        return ret;
    }

    size_t size = 0;
    MemoryData::MemoryType type = MemoryData::MEMORY_HOST_NEW;
    int32_t deviceId = -1;
    std::shared_ptr<void> data;
};

namespace {
uint32_t BytesOf(TensorDataType type) {
    switch (type) {
        case TENSOR_DTYPE_UNDEFINED:
            return 0;
        case TENSOR_DTYPE_UINT8:
        case TENSOR_DTYPE_INT8:
        case TENSOR_DTYPE_BOOL:
            return 1;
        case TENSOR_DTYPE_FLOAT16:
        case TENSOR_DTYPE_INT16:
        case TENSOR_DTYPE_UINT16:
            return 2;
        case TENSOR_DTYPE_FLOAT32:
        case TENSOR_DTYPE_INT32:
        case TENSOR_DTYPE_UINT32:
            return 4;
        case TENSOR_DTYPE_INT64:
        case TENSOR_DTYPE_UINT64:
        case TENSOR_DTYPE_DOUBLE64:
            return 8;
    }
    throw std::runtime_error("the element type of a tensor is none of TensorDataType");
}

size_t ElementsOf(const std::vector<uint32_t> &shape) {
    return shape.empty() ? 0 : std::accumulate(shape.begin(), shape.end(), size_t{1}, std::multiplies<>());
}
}  // namespace

TensorBase::TensorBase() : buffer_(std::make_shared<TensorBuffer>()) {}

TensorBase::TensorBase(const MemoryData &memoryData, const bool &isBorrowed, const std::vector<uint32_t> &shape,
                       const TensorDataType &type)
    : buffer_(std::make_shared<TensorBuffer>(memoryData.size, memoryData.type, memoryData.deviceId)), shape_(shape), dataType_(type) {
    if (memoryData.size != ElementsOf(shape) * BytesOf(type)) {
        throw std::runtime_error("the memory of a tensor has another size than its shape and type say");
    }
    if (isBorrowed) {
        buffer_->data.reset(memoryData.ptrData, [](void *) {});
    } else {
        buffer_->Own(memoryData.ptrData);
    }
}

TensorBase::TensorBase(const std::vector<uint32_t> &shape, const TensorDataType &type, const MemoryData::MemoryType &bufferType,
                       const int32_t &deviceId)
    : buffer_(std::make_shared<TensorBuffer>(ElementsOf(shape) * BytesOf(type), bufferType, deviceId)), shape_(shape), dataType_(type) {}

TensorBase &TensorBase::operator=(const TensorBase &other) = default;

APP_ERROR TensorBase::TensorBaseMalloc(TensorBase &tensor) {
    if (tensor.IsDevice() && tensor.GetDeviceId() < 0) {
        return APP_ERR_COMM_FAILURE;
    }
    return tensor.buffer_->Malloc();
}

size_t TensorBase::GetByteSize() const { return ElementsOf(shape_) * BytesOf(dataType_); }

std::vector<uint32_t> TensorBase::GetShape() const { return shape_; }

int32_t TensorBase::GetDeviceId() const { return buffer_->deviceId; }

uint32_t TensorBase::GetDataTypeSize() const { return BytesOf(dataType_); }

bool TensorBase::IsHost() const { return !buffer_->OnDevice(); }

bool TensorBase::IsDevice() const { return buffer_->OnDevice(); }

void *TensorBase::GetBuffer() const { return buffer_->data.get(); }

APP_ERROR TensorBase::ToHost() {
    if (IsHost()) {
        return APP_ERR_OK;
    }
    TensorBuffer moved(buffer_->size, MemoryData::MEMORY_HOST_NEW, -1);
    APP_ERROR ret = moved.Malloc();
    if (ret != APP_ERR_OK) {
        return ret;
    }
    MemoryData memory = moved.Memory();
    ret = MemoryHelper::MxbsMemcpy(memory, buffer_->Memory(), buffer_->size);
    if (ret == APP_ERR_OK) {
        *buffer_ = moved;
    }
    return ret;
}
}  // namespace MxBase

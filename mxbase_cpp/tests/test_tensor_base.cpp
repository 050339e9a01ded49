#include <doctest/doctest.h>

#include <thread>

#include "device_memory.h"
#include "mxclassify/device.h"
#include "mxclassify/vendor_api.h"

using MxBase::MemoryData;
using MxBase::MemoryHelper;
using MxBase::TensorBase;

namespace {
MemoryData Device(size_t size) {
    MemoryData memory(size, MemoryData::MEMORY_DEVICE, 0);
    REQUIRE(MemoryHelper::MxbsMalloc(memory) == APP_ERR_OK);
    return memory;
}
}  // namespace

TEST_CASE("a tensor frees what it owns, in any thread, and not what it has borrowed") {
    mxclassify::UseDevice(0);
    const size_t before = MxCpu::DeviceAllocations();
    MemoryData memory = Device(12);
    { const TensorBase borrowed(memory, true, {2, 6}, MxBase::TENSOR_DTYPE_UINT8); }
    CHECK(MxCpu::DeviceAllocations() == before + 1);
    auto owning = std::make_unique<TensorBase>(memory, false, std::vector<uint32_t>{3}, MxBase::TENSOR_DTYPE_FLOAT32);
    const TensorBase copy = *owning;
    std::thread([&owning] { owning.reset(); }).join();
    CHECK(MxCpu::DeviceAllocations() == before + 1);
    CHECK(copy.GetByteSize() == 12);
}

TEST_CASE("memory and shape must agree") {
    mxclassify::UseDevice(0);
    MemoryData memory = Device(12);
    CHECK_THROWS_AS(TensorBase(memory, true, {13}, MxBase::TENSOR_DTYPE_UINT8), std::runtime_error);
    CHECK(MemoryHelper::MxbsFree(memory) == APP_ERR_OK);
}

TEST_CASE("to the host; copies see the move") {
    mxclassify::UseDevice(0);
    TensorBase tensor({4}, MxBase::TENSOR_DTYPE_UINT8, MemoryData::MEMORY_DEVICE, 0);
    CHECK(tensor.GetBuffer() == nullptr);
    REQUIRE(TensorBase::TensorBaseMalloc(tensor) == APP_ERR_OK);
    char bytes[4] = {7, 8, 9, 10};
    const MemoryData host(bytes, 4, MemoryData::MEMORY_HOST_NEW);
    MemoryData device(tensor.GetBuffer(), 4, MemoryData::MEMORY_DEVICE, 0);
    REQUIRE(MemoryHelper::MxbsMemcpy(device, host, 4) == APP_ERR_OK);
    const TensorBase copy = tensor;
    CHECK(copy.IsDevice());
    CHECK(tensor.ToHost() == APP_ERR_OK);
    CHECK(copy.IsHost());
    CHECK(static_cast<char *>(copy.GetBuffer())[3] == 10);
}

TEST_CASE("a tensor on no device gets no memory") {
    TensorBase tensor({4}, MxBase::TENSOR_DTYPE_UINT8, MemoryData::MEMORY_DEVICE, -1);
    CHECK(TensorBase::TensorBaseMalloc(tensor) == APP_ERR_COMM_FAILURE);
}

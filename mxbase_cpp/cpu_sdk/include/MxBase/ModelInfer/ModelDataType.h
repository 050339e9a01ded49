// The description of a model. DynamicInfo means dynamic batch by default.
#ifndef CPU_SDK_MODEL_DATA_TYPE_H
#define CPU_SDK_MODEL_DATA_TYPE_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace MxBase {
struct TensorDesc {
    size_t tensorSize;
    std::string tensorName;
    std::vector<int64_t> tensorDims;
};

struct ImageSize {
    size_t height;
    size_t width;

    ImageSize() = default;

    ImageSize(size_t height, size_t width) : height(height), width(width) {}
};

enum DynamicType { STATIC_BATCH = 0, DYNAMIC_BATCH = 1, DYNAMIC_HW = 2, DYNAMIC_DIMS = 3, DYNAMIC_SHAPE = 4 };

struct DynamicInfo {
    DynamicType dynamicType = DYNAMIC_BATCH;
    size_t batchSize;
    ImageSize imageSize = {};
    std::vector<std::vector<uint32_t>> shape = {};
};

struct ModelDesc {
    std::vector<TensorDesc> inputTensors;
    std::vector<TensorDesc> outputTensors;
    std::vector<size_t> batchSizes;
    bool dynamicBatch;
};
}  // namespace MxBase

#endif

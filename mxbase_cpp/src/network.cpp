#include "mxclassify/network.h"

#include <algorithm>

#include "mxclassify/device.h"

namespace mxclassify {
namespace {
using MxBase::MemoryData;
using MxBase::MemoryHelper;
using MxBase::TensorBase;

// Device memory of a tensor's declared size, the size of the largest gear; the device ignores its shape.
TensorBase Allocated(size_t size_bytes, int32_t device_id) {
    MemoryData memory(size_bytes, MemoryData::MEMORY_DEVICE, device_id);
    Check(MemoryHelper::MxbsMalloc(memory), "no device memory for " + std::to_string(size_bytes) + " bytes");
    return TensorBase(memory, false, {static_cast<uint32_t>(size_bytes)}, MxBase::TENSOR_DTYPE_UINT8);
}
}  // namespace

Network::Network(const std::string &model_path, int32_t device_id, size_t image_bytes, uint32_t classes,
                 const std::string &precision)
    : device_id_(device_id), image_bytes_(image_bytes), classes_(classes) {
    SelectPrecision(precision);
    Check(model_.Init(model_path, desc_), "model " + model_path + " cannot be loaded");
    try {
        gears_.assign(desc_.batchSizes.begin(), desc_.batchSizes.end());
        std::sort(gears_.begin(), gears_.end());
        CheckFits();
        Allocate();
    } catch (...) {
        model_.DeInit();
        throw;
    }
}

Network::~Network() { model_.DeInit(); }

void Network::CheckFits() {
    const auto refuse = [](const std::string &why) { throw DeviceError(why, APP_ERR_COMM_INVALID_PARAM); };
    if (gears_.empty() || desc_.inputTensors.empty() || desc_.outputTensors.empty()) {
        refuse("the model has no batch size, no input or no output");
    }
    if (desc_.inputTensors[0].tensorSize != gears_.back() * image_bytes_) {
        refuse("the model takes " + std::to_string(desc_.inputTensors[0].tensorSize / gears_.back()) + " bytes an image, not " +
               std::to_string(image_bytes_));
    }
    const auto types = model_.GetOutputDataType();
    if (types.empty() || types[0] != MxBase::TENSOR_DTYPE_FLOAT32 ||
        desc_.outputTensors[0].tensorSize != gears_.back() * classes_ * sizeof(float)) {
        refuse("the first output of the model is not " + std::to_string(classes_) + " FP32 scores an image");
    }
}

void Network::Allocate() {
    // All of them: a model with gears has a further input, in which ACL keeps the batch size.
    for (const auto &input : desc_.inputTensors) {
        inputs_.push_back(Allocated(input.tensorSize, device_id_));
    }
    for (const auto &output : desc_.outputTensors) {
        outputs_.push_back(Allocated(output.tensorSize, device_id_));
    }
}

TensorBase Network::Infer(const std::vector<const uint8_t *> &images, size_t gear, bool alone) {
    for (size_t place = 0; place < images.size(); ++place) {
        auto *start = static_cast<uint8_t *>(inputs_[0].GetBuffer()) + place * image_bytes_;
        MemoryData slot(start, image_bytes_, MemoryData::MEMORY_DEVICE, device_id_);
        const MemoryData pixels(const_cast<uint8_t *>(images[place]), image_bytes_, MemoryData::MEMORY_HOST_NEW, -1);
        Check(MemoryHelper::MxbsMemcpy(slot, pixels, image_bytes_), "an image cannot be copied to the device");
    }
    MxBase::DynamicInfo dynamic = {};
    dynamic.dynamicType = desc_.dynamicBatch ? MxBase::DYNAMIC_BATCH : MxBase::STATIC_BATCH;  // the SDK's default is dynamic
    dynamic.batchSize = gear;
    MayUseAllCores(alone);
    Check(model_.ModelInference(inputs_, outputs_, dynamic), "the inference of a batch of " + std::to_string(gear) + " failed");
    const MemoryData scores(outputs_[0].GetBuffer(), gear * classes_ * sizeof(float), MemoryData::MEMORY_DEVICE, device_id_);
    return TensorBase(scores, true, {static_cast<uint32_t>(gear), classes_}, MxBase::TENSOR_DTYPE_FLOAT32);
}
}  // namespace mxclassify

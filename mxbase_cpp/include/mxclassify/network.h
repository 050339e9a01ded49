// One loaded model with its device memory, for one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "mxclassify/vendor_api.h"

namespace mxclassify {
class Network {
public:
    // Loads the model on the calling thread's device, to infer in `precision` (vendor_api.h). Throws DeviceError, also if the model does
    // not take images of `image_bytes` uint8 or give `classes` FP32 scores for each; std::invalid_argument for the precision.
    Network(const std::string &model_path, int32_t device_id, size_t image_bytes, uint32_t classes, const std::string &precision = "");
    ~Network();
    Network(const Network &) = delete;
    Network &operator=(const Network &) = delete;

    // The batch sizes the model was compiled for, rising.
    const std::vector<size_t> &gears() const { return gears_; }

    // Copies the images into the batch, runs it in `gear`, and returns {gear, classes} FP32 on the device, valid until the next call.
    // Places beyond the images keep old bytes. With `alone` all cores of a CPU may work on it. Throws DeviceError.
    MxBase::TensorBase Infer(const std::vector<const uint8_t *> &images, size_t gear, bool alone);

private:
    void CheckFits();
    void Allocate();

    int32_t device_id_;
    size_t image_bytes_;
    uint32_t classes_;
    MxBase::ModelInferenceProcessor model_;
    MxBase::ModelDesc desc_{};
    std::vector<size_t> gears_;
    std::vector<MxBase::TensorBase> inputs_;
    std::vector<MxBase::TensorBase> outputs_;
};
}  // namespace mxclassify

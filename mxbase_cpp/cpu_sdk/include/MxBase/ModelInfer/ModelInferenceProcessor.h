// A model on the CPU behind the vendor's class: X.om stands for X.onnx beside it, inferred by OpenVINO in float32.
#ifndef CPU_SDK_MODEL_INFERENCE_PROCESSOR_H
#define CPU_SDK_MODEL_INFERENCE_PROCESSOR_H

#include <memory>
#include <string>
#include <vector>

#include "MxBase/ErrorCode/ErrorCode.h"
#include "MxBase/ModelInfer/ModelDataType.h"
#include "MxBase/Tensor/TensorBase/TensorBase.h"

namespace MxBase {
class ModelInferenceProcessorDptr;

// Used by one thread at a time; a call that meets another one returns APP_ERR_ACL_FAILURE, where a chip would go wrong silently.
class ModelInferenceProcessor {
public:
    ModelInferenceProcessor();
    ~ModelInferenceProcessor() = default;

    // 1016: no such file; -1: not a model, or no device in this thread. Appends to modelDesc. A second call does nothing.
    // A model with gears has, as an OM has, a further input for ACL's own use that must be handed over with the image's.
    APP_ERROR Init(std::string modelPath, ModelDesc &modelDesc);
    // -1 when there is nothing to unload.
    APP_ERROR DeInit(void);
    // Tensors are on the device and at least as large as the batch needs. 1004: no tensors, with a dynamic batch; -1: what ACL refuses
    // (a batch size that is not a gear, a dynamic batch of a static model, a static one of a dynamic model, tensors too few or too small).
    APP_ERROR ModelInference(const std::vector<TensorBase> &inputTensors, std::vector<TensorBase> &outputTensors, DynamicInfo dynamicInfo);

    std::vector<TensorDataType> GetOutputDataType() const;

private:
    std::shared_ptr<MxBase::ModelInferenceProcessorDptr> dPtr_;
};
}  // namespace MxBase

#endif

// A model on the CPU with the vendor's class: X.om stands for X.onnx in the same folder; OpenVINO infers in float32.
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

// For one thread at a time; a second concurrent call returns APP_ERR_ACL_FAILURE, while a chip would give wrong results silently.
class ModelInferenceProcessor {
public:
    ModelInferenceProcessor();
    ~ModelInferenceProcessor() = default;

    // 1016: no such file; -1: not a model, or no device in this thread. Appends to modelDesc. A second call does nothing.
    // Like an OM, a model with gears has a second input for ACL's own use, which must be passed together with the image's.
    APP_ERROR Init(std::string modelPath, ModelDesc &modelDesc);
    // -1 if no model is loaded.
    APP_ERROR DeInit(void);
    // Tensors must be on the device and large enough for the batch. 1004: no tensors, with a dynamic batch; -1: ACL refuses
    // (a batch size that is not a gear, a dynamic batch of a static model, a static one of a dynamic model, tensors too few or too small).
    APP_ERROR ModelInference(const std::vector<TensorBase> &inputTensors, std::vector<TensorBase> &outputTensors, DynamicInfo dynamicInfo);

    std::vector<TensorDataType> GetOutputDataType() const;

private:
    std::shared_ptr<MxBase::ModelInferenceProcessorDptr> dPtr_;
};
}  // namespace MxBase

#endif

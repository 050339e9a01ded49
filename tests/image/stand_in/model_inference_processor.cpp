// Stand-in: refuses every model. The rest of the stand-in SDK is compiled from mxbase_cpp/cpu_sdk, whose own processor needs OpenVINO.
#include "MxBase/ModelInfer/ModelInferenceProcessor.h"

namespace MxBase {
namespace {
constexpr APP_ERROR STAND_IN = -1;
}

class ModelInferenceProcessorDptr {};

ModelInferenceProcessor::ModelInferenceProcessor() = default;
APP_ERROR ModelInferenceProcessor::Init(std::string, ModelDesc &) { return STAND_IN; }
APP_ERROR ModelInferenceProcessor::DeInit() { return STAND_IN; }
APP_ERROR ModelInferenceProcessor::ModelInference(const std::vector<TensorBase> &, std::vector<TensorBase> &, DynamicInfo) { return STAND_IN; }
std::vector<TensorDataType> ModelInferenceProcessor::GetOutputDataType() const { return {}; }
}  // namespace MxBase

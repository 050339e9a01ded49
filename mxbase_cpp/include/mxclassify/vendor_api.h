// Everything used from MxBase, and the differences of its versions. 2.0.x has TensorContext, 7.x does not; ours for a CPU has precisions.
#pragma once

#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "ClassPostProcessors/Resnet50PostProcess.h"
#include "MxBase/DeviceManager/DeviceManager.h"
#include "MxBase/ErrorCode/ErrorCode.h"
#include "MxBase/MemoryHelper/MemoryHelper.h"
#include "MxBase/ModelInfer/ModelInferenceProcessor.h"
#include "MxBase/Tensor/TensorBase/TensorBase.h"

#if __has_include("MxBase/Tensor/TensorContext/TensorContext.h")
#define MXCLASSIFY_SDK_2 1
#include "MxBase/Tensor/TensorContext/TensorContext.h"
#else
#define MXCLASSIFY_SDK_2 0
#endif

#if __has_include("MxCpu/calling_thread.h")
#include "MxCpu/calling_thread.h"
#define MXCLASSIFY_CPU_SDK 1
#else
#define MXCLASSIFY_CPU_SDK 0
#endif

namespace mxclassify {
#if MXCLASSIFY_SDK_2
using PostProcessConfig = std::map<std::string, std::shared_ptr<void>>;

inline std::shared_ptr<void> ConfigValue(const std::string &text) { return std::make_shared<std::string>(text); }
#else
using PostProcessConfig = std::map<std::string, std::string>;

inline std::string ConfigValue(const std::string &text) { return text; }
#endif

// Tells a CPU whether the next inferences of the calling thread may use all cores, which is soonest for an image that is alone.
inline void MayUseAllCores([[maybe_unused]] bool alone) {
#if MXCLASSIFY_CPU_SDK
    MxCpu::alone = alone;
#endif
}

// Sets the precision of the models that the calling thread loads from now on. On a CPU none stands for f32; an OM has its own, so there
// it must be empty. Throws std::invalid_argument.
inline void SelectPrecision(const std::string &precision) {
#if MXCLASSIFY_CPU_SDK
    if (!precision.empty() && precision != "f32" && precision != "bf16" && precision != "int8") {
        throw std::invalid_argument("precision must be f32, bf16 or int8, not '" + precision + "'");
    }
    MxCpu::bfloat16 = precision == "bf16";
#else
    if (!precision.empty()) throw std::invalid_argument("precision must be empty: an OM has its own, not " + precision);
#endif
}

// Sets the calling thread's device; every thread that uses the device's memory must do so.
inline APP_ERROR SelectDevice(int32_t device_id) {
#if MXCLASSIFY_SDK_2
    return MxBase::TensorContext::GetInstance()->SetContext(static_cast<uint32_t>(device_id));
#else
    MxBase::DeviceContext context;
    context.devId = device_id;
    return MxBase::DeviceManager::GetInstance()->SetDevice(context);
#endif
}
}  // namespace mxclassify

// The device of a thread's tensors in 2.0.2; 7.x does not have it.
#ifndef CPU_SDK_TENSOR_CONTEXT_H
#define CPU_SDK_TENSOR_CONTEXT_H

#include <cstdint>
#include <memory>

#include "MxBase/DeviceManager/DeviceManager.h"

namespace MxBase {
class TensorContext {
public:
    static std::shared_ptr<TensorContext> GetInstance() {
        static std::shared_ptr<TensorContext> instance = std::make_shared<TensorContext>();
        return instance;
    }

    APP_ERROR SetContext(const uint32_t &deviceId) {
        DeviceContext device;
        device.devId = static_cast<int32_t>(deviceId);
        return DeviceManager::GetInstance()->SetDevice(device);
    }
};
}  // namespace MxBase

#endif

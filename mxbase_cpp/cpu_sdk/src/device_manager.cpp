#include "MxBase/DeviceManager/DeviceManager.h"

namespace MxBase {
namespace {
constexpr int32_t DEVICES = 1;
constexpr int32_t NONE = -1;
thread_local int32_t current = NONE;
}  // namespace

DeviceManager *DeviceManager::GetInstance() {
    static DeviceManager manager;
    return &manager;
}

bool DeviceManager::IsInitDevices() const {
    const std::lock_guard<std::mutex> guard(mtx_);
    return initCounter_ > 0;
}

APP_ERROR DeviceManager::InitDevices(std::string) {
    const std::lock_guard<std::mutex> guard(mtx_);
    ++initCounter_;
    return APP_ERR_OK;
}

APP_ERROR DeviceManager::GetCurrentDevice(DeviceContext &device) {
    const std::lock_guard<std::mutex> guard(mtx_);
    if (current == NONE || destroyFlag_) {
        return APP_ERR_ACL_FAILURE;
    }
    device.devId = current;
    device.devStatus = DeviceContext::USING;
    return APP_ERR_OK;
}

APP_ERROR DeviceManager::SetDevice(DeviceContext device) {
    if (!IsInitDevices()) {
        InitDevices();
    }
    const APP_ERROR ret = CheckDeviceId(device.devId);
    if (ret != APP_ERR_OK) {
        return ret;
    }
    const std::lock_guard<std::mutex> guard(mtx_);
    if (destroyFlag_) {
        return APP_ERR_ACL_FAILURE;
    }
    current = device.devId;
    return APP_ERR_OK;
}

APP_ERROR DeviceManager::DestroyDevices() {
    const std::lock_guard<std::mutex> guard(mtx_);
    if (initCounter_ == 0) {
        return APP_ERR_COMM_OUT_OF_RANGE;
    }
    destroyFlag_ = true;
    return APP_ERR_OK;
}

APP_ERROR DeviceManager::CheckDeviceId(int32_t deviceId) {
    return deviceId >= 0 && deviceId < DEVICES ? APP_ERR_OK : APP_ERR_COMM_INVALID_PARAM;
}
}  // namespace MxBase

// The devices of the CPU runtime: only the CPU. A thread has no device until it sets one.
#ifndef CPU_SDK_DEVICE_MANAGER_H
#define CPU_SDK_DEVICE_MANAGER_H

#include <cstdint>
#include <mutex>
#include <string>

#include "MxBase/ErrorCode/ErrorCode.h"

namespace MxBase {
struct DeviceContext {
    enum DeviceStatus { IDLE = 0, USING } devStatus = IDLE;
    int32_t devId = 0;
};

class DeviceManager {
public:
    virtual ~DeviceManager() = default;
    static DeviceManager *GetInstance();
    // Every call after the first returns APP_ERR_OK, even after DestroyDevices, when nothing works any more.
    APP_ERROR InitDevices(std::string configFilePath = "");
    // APP_ERR_ACL_FAILURE in a thread that has not set a device.
    APP_ERROR GetCurrentDevice(DeviceContext &device);
    // Sets the device of the calling thread; initialises the devices if needed.
    APP_ERROR SetDevice(DeviceContext device);
    // Only once per process; APP_ERR_COMM_OUT_OF_RANGE before InitDevices.
    APP_ERROR DestroyDevices();
    bool IsInitDevices() const;
    APP_ERROR CheckDeviceId(int32_t deviceId);

private:
    DeviceManager() = default;
    mutable std::mutex mtx_;
    uint32_t initCounter_ = 0;
    bool destroyFlag_ = false;
};
}  // namespace MxBase

#endif

// Devices of the CPU runtime: one, the CPU. A thread has no device until it says which.
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
    // Counted: every call after the first returns APP_ERR_OK, after DestroyDevices too, when nothing works any more.
    APP_ERROR InitDevices(std::string configFilePath = "");
    // APP_ERR_ACL_FAILURE in a thread that has set none.
    APP_ERROR GetCurrentDevice(DeviceContext &device);
    // Of the calling thread; initialises the devices if nobody has.
    APP_ERROR SetDevice(DeviceContext device);
    // Once a process; APP_ERR_COMM_OUT_OF_RANGE before InitDevices.
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

#include "mxclassify/device.h"

#include <mutex>

#include "mxclassify/vendor_api.h"

namespace mxclassify {
void Check(int code, const std::string &what) {
    if (code != APP_ERR_OK) {
        throw DeviceError(what, code);
    }
}

void UseDevice(int32_t device_id) {
    static std::mutex starting;
    static bool started = false;
    {
        const std::lock_guard<std::mutex> guard(starting);
        if (!started) {
            Check(MxBase::DeviceManager::GetInstance()->InitDevices(), "the devices cannot be initialised");
            started = true;
        }
    }
    Check(SelectDevice(device_id), "device " + std::to_string(device_id) + " cannot be used");
}
}  // namespace mxclassify

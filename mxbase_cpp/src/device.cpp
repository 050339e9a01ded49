#include "mxclassify/device.h"

#include "mxclassify/vendor_api.h"

namespace mxclassify {
void Check(int code, const std::string &what) {
    if (code != APP_ERR_OK) {
        throw DeviceError(what, code);
    }
}

void UseDevice(int32_t device_id) {
    // Asked once: after a failure the SDK's next InitDevices returns 0, without devices.
    static const int initialised = MxBase::DeviceManager::GetInstance()->InitDevices();
    Check(initialised, "the devices cannot be initialised");
    Check(SelectDevice(device_id), "device " + std::to_string(device_id) + " cannot be used");
}
}  // namespace mxclassify

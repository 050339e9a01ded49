// The device: initialised once a process, chosen by every thread that uses it.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace mxclassify {
// The engine's fault, never the image's.
class DeviceError : public std::runtime_error {
public:
    DeviceError(const std::string &what, int code) : std::runtime_error(what + " (code " + std::to_string(code) + ")"), code_(code) {}

    int code() const { return code_; }

private:
    int code_;
};

// Throws DeviceError unless `code` is APP_ERR_OK.
void Check(int code, const std::string &what);

// Initialises the SDK at the first call and makes the device the calling thread's. Throws DeviceError.
// The SDK is never torn down: it cannot be started again in the same process.
void UseDevice(int32_t device_id);
}  // namespace mxclassify

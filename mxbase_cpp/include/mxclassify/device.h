// The device: initialised once per process, set by every thread that uses it.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace mxclassify {
// A fault of the engine, never of the image.
class DeviceError : public std::runtime_error {
public:
    DeviceError(const std::string &what, int code) : std::runtime_error(what + " (code " + std::to_string(code) + ")"), code_(code) {}

    int code() const { return code_; }

private:
    int code_;
};

// Throws DeviceError unless `code` is APP_ERR_OK.
void Check(int code, const std::string &what);

// Initialises the SDK at the first call and sets the calling thread's device. Throws DeviceError; if the first call could not initialise
// it, so does every other. The SDK is never shut down, because it cannot start again in the same process.
void UseDevice(int32_t device_id);
}  // namespace mxclassify

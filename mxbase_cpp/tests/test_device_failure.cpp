#include <doctest/doctest.h>

#include <string>

#include "mxclassify/device.h"
#include "mxclassify/vendor_api.h"

// The vendor's device manager as it was seen on a machine whose devices do not come up: it counts a call before it checks, so the second
// one says that all is well.
namespace MxBase {
namespace {
int asked = 0;
}

DeviceManager *DeviceManager::GetInstance() {
    static DeviceManager manager;
    return &manager;
}

APP_ERROR DeviceManager::InitDevices(std::string) { return ++asked == 1 ? 1013 : APP_ERR_OK; }

APP_ERROR DeviceManager::SetDevice(DeviceContext) { return APP_ERR_OK; }
}  // namespace MxBase

TEST_CASE("a failure of the first initialisation is told to every later caller") {
    for (int call = 0; call < 3; ++call) {
        CHECK_THROWS_WITH_AS(mxclassify::UseDevice(0), "the devices cannot be initialised (code 1013)", mxclassify::DeviceError);
    }
    CHECK(MxBase::asked == 1);
}

#include <doctest/doctest.h>

#include <thread>

#include "mxclassify/device.h"
#include "mxclassify/vendor_api.h"

using MxBase::DeviceContext;
using MxBase::DeviceManager;

TEST_CASE("the API is the one that was asked for") { CHECK(MXCLASSIFY_SDK_2 == EXPECTED_SDK_2); }

TEST_CASE("one device, chosen by each thread for itself") {
    mxclassify::UseDevice(0);
    DeviceContext context;
    CHECK(DeviceManager::GetInstance()->GetCurrentDevice(context) == APP_ERR_OK);
    CHECK(context.devStatus == DeviceContext::USING);
    std::thread([] {
        DeviceContext none;
        CHECK(DeviceManager::GetInstance()->GetCurrentDevice(none) == APP_ERR_ACL_FAILURE);
    }).join();
}

TEST_CASE("a device that is not there is refused, with the code") {
    CHECK(DeviceManager::GetInstance()->CheckDeviceId(-1) == APP_ERR_COMM_INVALID_PARAM);
    CHECK_THROWS_WITH_AS(mxclassify::UseDevice(1), "device 1 cannot be used (code 1004)", mxclassify::DeviceError);
    CHECK(DeviceManager::GetInstance()->InitDevices() == APP_ERR_OK);
}

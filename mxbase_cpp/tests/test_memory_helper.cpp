#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>
#include <vector>

#include "device_memory.h"
#include "mxclassify/device.h"
#include "mxclassify/vendor_api.h"

using MxBase::MemoryData;
using MxBase::MemoryHelper;

TEST_CASE("memory goes to the device and comes back") {
    mxclassify::UseDevice(0);
    std::vector<char> bytes{1, 2, 3, 4, 5};
    const MemoryData host(bytes.data(), bytes.size(), MemoryData::MEMORY_HOST_NEW);
    MemoryData device(bytes.size(), MemoryData::MEMORY_DEVICE);
    REQUIRE(MemoryHelper::MxbsMallocAndCopy(device, host) == APP_ERR_OK);
    std::vector<char> back(3);
    MemoryData part(back.data(), back.size(), MemoryData::MEMORY_HOST_NEW);
    const MemoryData inside(static_cast<char *>(device.ptrData) + 2, 3, MemoryData::MEMORY_DEVICE);
    CHECK(MemoryHelper::MxbsMemcpy(part, inside, 3) == APP_ERR_OK);
    CHECK(back == std::vector<char>{3, 4, 5});
    CHECK(MemoryHelper::MxbsFree(device) == APP_ERR_OK);
    CHECK(device.ptrData == nullptr);
    CHECK(MemoryHelper::MxbsFree(device) == APP_ERR_COMM_INVALID_POINTER);
}

TEST_CASE("what is refused, and with which code") {
    mxclassify::UseDevice(0);
    MemoryData nothing(size_t{0}, MemoryData::MEMORY_DEVICE);
    CHECK(MemoryHelper::MxbsMalloc(nothing) == APP_ERR_COMM_INVALID_PARAM);
    MemoryData huge(size_t{5} << 30, MemoryData::MEMORY_DEVICE);
    CHECK(MemoryHelper::MxbsMalloc(huge) == APP_ERR_COMM_INVALID_PARAM);
    char bytes[8] = {};
    MemoryData host(bytes, 8, MemoryData::MEMORY_HOST_NEW);
    MemoryData device(4, MemoryData::MEMORY_DEVICE);
    CHECK(MemoryHelper::MxbsMemcpy(device, host, 4) == APP_ERR_COMM_INVALID_POINTER);
    REQUIRE(MemoryHelper::MxbsMalloc(device) == APP_ERR_OK);
    CHECK(MemoryHelper::MxbsMemcpy(device, host, 0) == APP_ERR_COMM_INVALID_PARAM);
    CHECK(MemoryHelper::MxbsMemcpy(device, host, 5) == APP_ERR_COMM_INVALID_PARAM);
    MemoryData lying(device.ptrData, 8, MemoryData::MEMORY_DEVICE);
    CHECK(MemoryHelper::MxbsMemcpy(lying, host, 8) == APP_ERR_ACL_BAD_COPY);
    MemoryData not_there(bytes, 8, MemoryData::MEMORY_DEVICE);
    CHECK(MemoryHelper::MxbsFree(not_there) == APP_ERR_ACL_BAD_FREE);
    CHECK(MemoryHelper::MxbsFree(device) == APP_ERR_OK);
    MemoryData small(4, MemoryData::MEMORY_DEVICE);
    CHECK(MemoryHelper::MxbsMallocAndCopy(small, host) == APP_ERR_ACL_BAD_COPY);
}

TEST_CASE("a thread without a device reaches none of its memory") {
    mxclassify::UseDevice(0);
    MemoryData device(4, MemoryData::MEMORY_DEVICE);
    REQUIRE(MemoryHelper::MxbsMalloc(device) == APP_ERR_OK);
    std::thread([&device] {
        char bytes[4] = {};
        MemoryData host(bytes, 4, MemoryData::MEMORY_HOST_NEW);
        CHECK(MemoryHelper::MxbsMemcpy(host, device, 4) == APP_ERR_ACL_BAD_COPY);
        MemoryData more(4, MemoryData::MEMORY_DEVICE);
        CHECK(MemoryHelper::MxbsMalloc(more) == APP_ERR_ACL_BAD_ALLOC);
        mxclassify::UseDevice(0);
        CHECK(MemoryHelper::MxbsMemcpy(host, device, 4) == APP_ERR_OK);
    }).join();
    CHECK(MemoryHelper::MxbsFree(device) == APP_ERR_OK);
}

TEST_CASE("who reads device memory through its pointer dies, as on a chip") {
    mxclassify::UseDevice(0);
    MemoryData device(4, MemoryData::MEMORY_DEVICE);
    REQUIRE(MemoryHelper::MxbsMalloc(device) == APP_ERR_OK);
    const pid_t child = fork();
    if (child == 0) {
        std::signal(SIGSEGV, SIG_DFL);
        _exit(*static_cast<volatile char *>(device.ptrData));
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGSEGV);
    CHECK(MemoryHelper::MxbsFree(device) == APP_ERR_OK);
}

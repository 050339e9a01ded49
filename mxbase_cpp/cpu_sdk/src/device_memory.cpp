#include "device_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <map>
#include <mutex>

namespace MxCpu {
namespace {
struct Region {
    size_t size_bytes;
    size_t mapped_bytes;
    void *bytes;
};

std::mutex lock;

std::map<uintptr_t, Region> &Regions() {
    static auto *regions = new std::map<uintptr_t, Region>;  // never destroyed: tensors of static storage are freed late
    return *regions;
}
}  // namespace

void *AllocateDevice(size_t size_bytes) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t mapped = (size_bytes + page - 1) / page * page;
    void *bytes = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED) {
        return nullptr;
    }
    void *address = mmap(nullptr, mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (address == MAP_FAILED) {
        munmap(bytes, mapped);
        return nullptr;
    }
    const std::lock_guard<std::mutex> guard(lock);
    Regions()[reinterpret_cast<uintptr_t>(address)] = {size_bytes, mapped, bytes};
    return address;
}

bool FreeDevice(void *pointer) {
    const std::lock_guard<std::mutex> guard(lock);
    const auto found = Regions().find(reinterpret_cast<uintptr_t>(pointer));
    if (found == Regions().end()) {
        return false;
    }
    munmap(found->second.bytes, found->second.mapped_bytes);
    munmap(pointer, found->second.mapped_bytes);
    Regions().erase(found);
    return true;
}

void *Reach(const void *pointer, size_t size_bytes) {
    const auto address = reinterpret_cast<uintptr_t>(pointer);
    const std::lock_guard<std::mutex> guard(lock);
    auto after = Regions().upper_bound(address);
    if (after == Regions().begin()) {
        return nullptr;
    }
    const auto &[start, region] = *--after;
    const size_t offset = address - start;
    if (offset > region.size_bytes || size_bytes > region.size_bytes - offset) {
        return nullptr;
    }
    return static_cast<char *>(region.bytes) + offset;
}

size_t DeviceAllocations() {
    const std::lock_guard<std::mutex> guard(lock);
    return Regions().size();
}
}  // namespace MxCpu

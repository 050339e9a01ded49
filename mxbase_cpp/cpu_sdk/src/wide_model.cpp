#include "wide_model.h"

#include <malloc.h>
#include <pthread.h>

#include <sstream>
#include <system_error>

namespace MxCpu {
WideModel::~WideModel() {
    if (maker_.joinable()) maker_.join();
}

void WideModel::Make(const ov::CompiledModel &narrow) {
    if (ready_ || std::chrono::steady_clock::now() < due_) return;
    std::call_once(once_, [&] {
        try {
            maker_ = std::thread([this, narrow] { Compile(narrow); });
        } catch (const std::system_error &) {
            // The machine has no more threads: one core infers, as without the second model.
        }
    });
}

void WideModel::Compile(ov::CompiledModel narrow) {
    pthread_setname_np(pthread_self(), "wide-model");
    try {
        // Half the work of reading the file again, and the same model for certain.
        std::stringstream exported;
        narrow.export_model(exported);
        auto wide = ov::Core().import_model(exported, "CPU", ov::hint::performance_mode(ov::hint::PerformanceMode::LATENCY),
                                            ov::hint::inference_precision(narrow.get_property(ov::hint::inference_precision)));
        request_ = wide.create_infer_request();
        request_.infer();  // it takes its memory here
    } catch (const std::exception &) {
        return;  // then one core infers, as without it
    }
    narrow = {};
    malloc_trim(0);
    ready_ = true;
}

std::unique_lock<std::mutex> WideModel::Take() {
    return ready_ ? std::unique_lock<std::mutex>(in_use_, std::try_to_lock) : std::unique_lock<std::mutex>();
}
}  // namespace MxCpu

// A model once more, compiled so that one inference uses all cores: for an image that is alone. The scores are the same to the last bit.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <openvino/openvino.hpp>
#include <thread>

namespace MxCpu {
class WideModel {
public:
    ~WideModel();

    // Compiles `narrow`, which is compiled for throughput, once more. A thread of its own does it at the first call, but not
    // within two seconds of the load: neither a start nor an engine in reserve should pay for it.
    void Make(const ov::CompiledModel &narrow);
    // The right to one inference with Request(); it is not owned if another caller has it, or before the model is compiled.
    std::unique_lock<std::mutex> Take();
    ov::InferRequest &Request() { return request_; }

private:
    std::chrono::steady_clock::time_point loaded_ = std::chrono::steady_clock::now();
    std::once_flag once_;
    std::thread maker_;
    std::mutex in_use_;
    ov::InferRequest request_;  // written before ready_
    std::atomic<bool> ready_{false};
};
}  // namespace MxCpu

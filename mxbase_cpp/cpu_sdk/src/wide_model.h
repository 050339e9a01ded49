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
    // Until `settled` after its making it is not compiled: a server still starts in this time, and needs the cores for that.
    explicit WideModel(std::chrono::milliseconds settled = std::chrono::seconds(2)) : due_(std::chrono::steady_clock::now() + settled) {}
    ~WideModel();

    // Compiles `narrow`, which is compiled for throughput, once more. A thread of its own does it at the first call that is due, so an
    // engine in reserve never pays for it.
    void Make(const ov::CompiledModel &narrow);
    // The right to one inference with Request(); it is not owned if another caller has it, or before the model is compiled.
    std::unique_lock<std::mutex> Take();
    ov::InferRequest &Request() { return request_; }

private:
    void Compile(ov::CompiledModel narrow);

    const std::chrono::steady_clock::time_point due_;
    std::once_flag once_;
    std::thread maker_;
    std::mutex in_use_;
    ov::InferRequest request_;  // written before ready_
    std::atomic<bool> ready_{false};
};
}  // namespace MxCpu

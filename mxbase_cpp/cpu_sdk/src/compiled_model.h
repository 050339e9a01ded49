// An ONNX model compiled by OpenVINO once per batch size, shared by all processors that load the same file in the same precision.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <openvino/openvino.hpp>
#include <string>
#include <vector>

#include "wide_model.h"

namespace MxCpu {
// One image input [N, H, W, C] with fixed H, W and C; a dynamic N takes its sizes from the ONNX metadata property
// `batch_sizes` ("1,2,4,8"), as an OM's gears are fixed by ATC.
struct CompiledModel {
    std::vector<size_t> batch_sizes;  // rising
    bool dynamic_batch = false;
    std::map<size_t, ov::CompiledModel> by_batch;
    WideModel wide;  // of the smallest batch size

    const ov::CompiledModel &Largest() const { return by_batch.rbegin()->second; }
};

// In the calling thread's precision (MxCpu/calling_thread.h). Throws std::runtime_error (ov::Exception among them) with the reason.
std::shared_ptr<CompiledModel> LoadModel(const std::string &path);
}  // namespace MxCpu

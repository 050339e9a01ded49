// The classifier: decoding and a network, connected by a batcher.
#pragma once

#include <memory>
#include <string>

#include "mxclassify/backend.h"
#include "mxclassify/batcher.h"
#include "mxclassify/geometry.h"
#include "mxclassify/post_process_options.h"

namespace mxclassify {
struct ClassifierConfig {
    std::string model_path;
    int device_id = 0;
    Geometry geometry;
    PostProcessOptions post_process;
    BatcherOptions batcher;
    std::string precision;  // of a CPU: f32 (also if empty), bf16 or int8; empty for an OM, which has its own
    bool latency = false;  // all cores of a CPU infer an image that is alone, by a second compiled model; nothing on a chip
};

// Throws std::invalid_argument with a message for an invalid configuration.
std::shared_ptr<Backend> MakeBackend(const ClassifierConfig &config);
}  // namespace mxclassify

// The classifier: pictures and a network behind a batcher.
#pragma once

#include <memory>
#include <string>

#include "mxclassify/backend.h"
#include "mxclassify/batcher.h"
#include "mxclassify/geometry.h"
#include "mxclassify/post_process.h"

namespace mxclassify {
struct ClassifierConfig {
    std::string model_path;
    int device_id = 0;
    Geometry geometry;
    PostProcessOptions post_process;
    BatcherOptions batcher;
};

// Throws std::invalid_argument, in words, for a configuration that cannot be.
std::shared_ptr<Backend> MakeBackend(const ClassifierConfig &config);
}  // namespace mxclassify

// The configuration as it is rendered from a model's manifest (pipelines/classifier_config.py).
#pragma once

#include <string>

#include "mxclassify/classifier.h"

namespace mxclassify {
// Throws std::invalid_argument for a key that is missing, unknown or of another type.
ClassifierConfig ParseConfig(const std::string &json);
}  // namespace mxclassify

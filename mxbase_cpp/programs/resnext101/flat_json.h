// One JSON object of texts, whole numbers and truths, which is all that a configuration holds.
#pragma once

#include <string>

#include "mxclassify/classifier_config.h"

namespace program {
// Throws std::invalid_argument for what is no such object: nested values, fractions, null, a key that comes twice.
mxclassify::ConfigEntries ParseFlatJson(const std::string &text);
}  // namespace program

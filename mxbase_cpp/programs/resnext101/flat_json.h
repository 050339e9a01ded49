// A JSON object of texts, whole numbers and booleans: all that a configuration needs.
#pragma once

#include <string>

#include "mxclassify/classifier_config.h"

namespace program {
// Throws std::invalid_argument for another text: nested values, fractions, null, a key that occurs twice.
mxclassify::ConfigEntries ParseFlatJson(const std::string &text);
}  // namespace program

// The configuration as pipelines/classifier_config.py makes it from a model's manifest: keyword arguments of the Python module, or the
// keys of the file that the program reads.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>

#include "mxclassify/classifier.h"

namespace mxclassify {
// std::monostate: a value of a type that no entry has.
using ConfigEntry = std::variant<std::monostate, std::string, int64_t, bool>;
using ConfigEntries = std::map<std::string, ConfigEntry>;

// Throws std::invalid_argument that names a missing or unknown entry, or one with a wrong type or value.
ClassifierConfig ConfigOf(ConfigEntries entries);
}  // namespace mxclassify

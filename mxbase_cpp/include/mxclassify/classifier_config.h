// The configuration as pipelines/classifier_config.py makes it from a model's manifest: keyword arguments of the Python module, or the
// keys of the file that the program reads.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>

#include "mxclassify/classifier.h"

namespace mxclassify {
// std::monostate: a value of another type, which no entry takes.
using ConfigEntry = std::variant<std::monostate, std::string, int64_t, bool>;
using ConfigEntries = std::map<std::string, ConfigEntry>;

// Throws std::invalid_argument, which names the entry that is missing, unknown, of another type or out of its range.
ClassifierConfig ConfigOf(ConfigEntries entries);
}  // namespace mxclassify

// One JSON object of texts, whole numbers and truths, which is all that a configuration holds.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>

namespace mxclassify {
using FlatValue = std::variant<std::string, int64_t, bool>;

// Throws std::invalid_argument for what is no such object: nested values, fractions, null, a key that comes twice.
std::map<std::string, FlatValue> ParseFlatJson(const std::string &text);
}  // namespace mxclassify

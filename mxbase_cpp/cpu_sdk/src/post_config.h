// The configuration of a post-process: a JSON object of strings, and a file of labels.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace MxCpu {
// {"KEY": "text", ...}, not nested; an empty optional for any other text.
std::optional<std::map<std::string, std::string>> ParseStrings(const std::string &json);
// The number at the start of a text, limited to [0, most] (a minus sign makes it huge); `otherwise` if there is none.
uint32_t Number(const std::map<std::string, std::string> &values, const std::string &key, uint32_t most, uint32_t otherwise);
// "true" in any case.
bool Flag(const std::map<std::string, std::string> &values, const std::string &key);
// Line by line; `#` lines before the first label are skipped, trailing \r, \n and \t are removed. An empty optional if there is no file.
std::optional<std::vector<std::string>> ReadLabels(const std::string &path);
}  // namespace MxCpu

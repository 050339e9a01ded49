// What configures a post-process: a JSON object of strings, and a file of labels.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace MxCpu {
// {"KEY": "text", ...}, nothing nested; empty optional where the text is anything else.
std::optional<std::map<std::string, std::string>> ParseStrings(const std::string &json);
// The number at the beginning of a text, cut to [0, most] (a minus sign makes it huge); `otherwise` where there is none.
uint32_t Number(const std::map<std::string, std::string> &values, const std::string &key, uint32_t most, uint32_t otherwise);
// "true" in any case.
bool Flag(const std::map<std::string, std::string> &values, const std::string &key);
// Line by line; `#` lines before the first label are skipped, trailing \r, \n and \t cut. Empty optional without the file.
std::optional<std::vector<std::string>> ReadLabels(const std::string &path);
}  // namespace MxCpu

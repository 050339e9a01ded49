#include "post_config.h"

#include <strings.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>

namespace MxCpu {
namespace {
class Cursor {
public:
    explicit Cursor(const std::string &text) : at_(text.begin()), end_(text.end()) {}

    bool Take(char wanted) {
        while (at_ != end_ && std::isspace(static_cast<unsigned char>(*at_))) ++at_;
        if (at_ == end_ || *at_ != wanted) return false;
        ++at_;
        return true;
    }

    bool String(std::string &into) {
        if (!Take('"')) return false;
        const auto close = std::find(at_, end_, '"');
        if (close == end_ || std::find(at_, close, '\\') != close) return false;
        into.assign(at_, close);
        at_ = close + 1;
        return true;
    }

    bool AtEnd() {
        while (at_ != end_ && std::isspace(static_cast<unsigned char>(*at_))) ++at_;
        return at_ == end_;
    }

private:
    std::string::const_iterator at_;
    std::string::const_iterator end_;
};
}  // namespace

std::optional<std::map<std::string, std::string>> ParseStrings(const std::string &json) {
    Cursor cursor(json);
    std::map<std::string, std::string> values;
    if (!cursor.Take('{')) return std::nullopt;
    if (!cursor.Take('}')) {
        do {
            std::string key;
            std::string value;
            if (!cursor.String(key) || !cursor.Take(':') || !cursor.String(value)) return std::nullopt;
            values.emplace(key, value);
        } while (cursor.Take(','));
        if (!cursor.Take('}')) return std::nullopt;
    }
    return cursor.AtEnd() ? std::optional(values) : std::nullopt;
}

uint32_t Number(const std::map<std::string, std::string> &values, const std::string &key, uint32_t most, uint32_t otherwise) {
    const auto found = values.find(key);
    if (found == values.end()) return otherwise;
    char *end = nullptr;
    const unsigned long number = std::strtoul(found->second.c_str(), &end, 10);
    return end == found->second.c_str() ? otherwise : static_cast<uint32_t>(std::min<unsigned long>(number, most));
}

bool Flag(const std::map<std::string, std::string> &values, const std::string &key) {
    const auto found = values.find(key);
    return found != values.end() && strcasecmp(found->second.c_str(), "true") == 0;
}

std::optional<std::vector<std::string>> ReadLabels(const std::string &path) {
    std::ifstream file(path);
    if (!file) return std::nullopt;
    std::vector<std::string> labels;
    for (std::string line; std::getline(file, line);) {
        if (labels.empty() && !line.empty() && line.front() == '#') continue;
        line.erase(line.find_last_not_of("\r\n\t") + 1);
        labels.push_back(line);
    }
    return labels;
}
}  // namespace MxCpu

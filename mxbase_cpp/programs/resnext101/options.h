// The program's flags.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace program {
struct Options {
    std::string images;
    std::string config = "classifier.json";
    std::string result = "result";
    std::string model;  // empty: the configuration's
    std::optional<int> device;
    std::optional<int> decoders;
    std::optional<int> lanes;
    int top_k = 5;
    bool resume = false;
    bool help = false;
};

struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Parses the arguments; throws UsageError. --top_k is --top-k, and --top-k=3 is --top-k 3.
Options ParseOptions(const std::vector<std::string> &arguments);

extern const char *const USAGE;
}  // namespace program

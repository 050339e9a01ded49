#include "options.h"

#include <algorithm>
#include <functional>
#include <map>

namespace program {
const char *const USAGE =
    R"(usage: resnext101 IMAGES [--config FILE] [--model FILE] [--result FOLDER] [--device N] [--decoders N] [--lanes N]
                  [--top-k K] [--resume]

Classifies every image in a folder and below it, and writes FOLDER/<image>_1.txt for each: its class ids, best first.

  IMAGES           folder of JPEG, PNG, WebP and BMP files
  --config FILE    the model and its geometry (classifier.json); "ascend-classify models classifier-config MODEL -o FILE" writes it
  --model FILE     another file than the configuration names
  --result FOLDER  where the results go (result)
  --device N       the chip (the configuration's)
  --decoders N     threads that decode (the configuration's)
  --lanes N        batches on the device at once (the configuration's)
  --top-k K        class ids to a result file, 1 to 16 (5)
  --resume         leave out the images that have a result file
  --help           print this

Exit status: 0 when every image has a result, 1 when some have none (their number is printed), 2 for wrong flags, 130 after Ctrl-C.
What has been written stays; --resume goes on from there.
)";

namespace {
constexpr int MAX_TOP_K = 16;
constexpr int MAX_DEVICE = 1023;
constexpr int MAX_THREADS = 256;

int Number(const std::string &flag, const std::string &text, int least, int most) {
    const bool digits = !text.empty() && text.size() <= 4 && text.find_first_not_of("0123456789") == std::string::npos;
    const int number = digits ? std::stoi(text) : -1;
    if (number < least || number > most) {
        throw UsageError(flag + " is a number from " + std::to_string(least) + " to " + std::to_string(most) + ", not '" + text + "'");
    }
    return number;
}

using Take = std::function<void(Options &to, const std::string &value)>;

const std::map<std::string, Take> &Flags() {
    static const std::map<std::string, Take> flags = {
        {"--config", [](Options &to, const std::string &value) { to.config = value; }},
        {"--model", [](Options &to, const std::string &value) { to.model = value; }},
        {"--result", [](Options &to, const std::string &value) { to.result = value; }},
        {"--device", [](Options &to, const std::string &value) { to.device = Number("--device", value, 0, MAX_DEVICE); }},
        {"--decoders", [](Options &to, const std::string &value) { to.decoders = Number("--decoders", value, 1, MAX_THREADS); }},
        {"--lanes", [](Options &to, const std::string &value) { to.lanes = Number("--lanes", value, 1, MAX_THREADS); }},
        {"--top-k", [](Options &to, const std::string &value) { to.top_k = Number("--top-k", value, 1, MAX_TOP_K); }},
    };
    return flags;
}
}  // namespace

Options ParseOptions(const std::vector<std::string> &arguments) {
    Options options;
    for (size_t at = 0; at < arguments.size(); ++at) {
        const std::string &argument = arguments[at];
        if (argument.rfind("-", 0) != 0) {
            if (!options.images.empty()) throw UsageError("one folder of images, not two: " + options.images + ", " + argument);
            options.images = argument;
            continue;
        }
        const size_t equals = argument.find('=');
        std::string flag = argument.substr(0, equals);
        std::replace(flag.begin(), flag.end(), '_', '-');
        if (flag == "--help" || flag == "-h") {
            options.help = true;
        } else if (flag == "--resume") {
            options.resume = true;
        } else {
            const auto found = Flags().find(flag);
            if (found == Flags().end()) throw UsageError("there is no flag " + flag);
            if (equals == std::string::npos && at + 1 == arguments.size()) throw UsageError(flag + " lacks its value");
            const std::string value = equals == std::string::npos ? arguments[++at] : argument.substr(equals + 1);
            if (value.empty()) throw UsageError(flag + " lacks its value");
            found->second(options, value);
        }
    }
    if (options.images.empty() && !options.help) throw UsageError("a folder of images is missing");
    return options;
}
}  // namespace program

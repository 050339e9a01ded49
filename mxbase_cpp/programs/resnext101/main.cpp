// resnext101 IMAGES: the original program, with flags instead of edits of its source.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "flat_json.h"
#include "folder_run.h"
#include "image_files.h"
#include "options.h"
#include "mxclassify/vendor_api.h"
#include "result_file.h"
#if MXCLASSIFY_CPU_SDK
#include "MxCpu/Precision.h"
#endif

namespace {
volatile std::sig_atomic_t stopped_by = 0;

void Stop(int number) { stopped_by = number; }

// A second Ctrl-C ends the program at once.
void CatchSignals() {
    struct sigaction action = {};
    action.sa_handler = Stop;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

mxclassify::ClassifierConfig ParsedConfig(const std::string &text, const std::string &path) {
    try {
        return mxclassify::ConfigOf(program::ParseFlatJson(text));
    } catch (const std::invalid_argument &error) {
        throw std::runtime_error(path + ": " + error.what());
    }
}

// A processor without bf16 would imitate it, slowly.
void CheckProcessor(const std::string &precision, const std::string &path) {
#if MXCLASSIFY_CPU_SDK
    if (precision == "bf16" && !MxCpu::HasBf16()) {
        throw std::runtime_error(path + ": this processor has no instructions for bf16; set precision to f32");
    }
#endif
}

mxclassify::ClassifierConfig ReadConfig(const program::Options &options) {
    std::ifstream file(options.config);
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (!file) {
        throw std::runtime_error(options.config + " cannot be read; \"ascend-classify models classifier-config MODEL -o " +
                                 options.config + "\" writes it");
    }
    mxclassify::ClassifierConfig config = ParsedConfig(text, options.config);
    CheckProcessor(config.precision, options.config);
    if (!options.model.empty()) config.model_path = options.model;
    if (options.device) config.device_id = *options.device;
    if (options.decoders) config.batcher.decoders = static_cast<size_t>(*options.decoders);
    if (options.lanes) config.batcher.lanes = static_cast<size_t>(*options.lanes);
    config.post_process.top_k = std::min(static_cast<uint32_t>(options.top_k), config.post_process.classes);
    return config;
}

int Run(const program::Options &options) {
    const auto config = ReadConfig(options);
    auto images = program::ListImages(options.images);
    const size_t listed = images.size();
    std::filesystem::create_directories(options.result);
    if (options.resume) {
        const auto there = [&options](const std::string &image) {
            return std::filesystem::exists(program::ResultPath(options.result, image));
        };
        images.erase(std::remove_if(images.begin(), images.end(), there), images.end());
    }
    const size_t wanted = images.size();
    program::RunCounts counts;
    if (wanted > 0) counts = program::FolderRun(std::move(images), options.result).Go(MakeBackend(config), config.batcher, stopped_by);
    std::printf("%zu results written to %s, %zu were there, %zu failed\n", counts.written, options.result.c_str(), listed - wanted,
                counts.failed);
    if (counts.lasted_s > 0) {
        std::printf("%.1f images/s, %.1f s\n", static_cast<double>(counts.written + counts.failed) / counts.lasted_s, counts.lasted_s);
    }
    if (stopped_by != 0) {
        std::fprintf(stderr, "interrupted: %zu images are left; --resume goes on\n", wanted - counts.written - counts.failed);
        return 128 + stopped_by;
    }
    return counts.failed > 0 ? 1 : 0;
}
}  // namespace

int main(int argc, char **argv) {
    try {
        const auto options = program::ParseOptions({argv + 1, argv + argc});
        if (options.help) {
            std::fputs(program::USAGE, stdout);
            return 0;
        }
        CatchSignals();
        return Run(options);
    } catch (const program::UsageError &error) {
        std::fprintf(stderr, "error: %s; --help tells more\n", error.what());
        return 2;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        return 1;
    }
}

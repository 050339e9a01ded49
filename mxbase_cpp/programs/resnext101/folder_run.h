// Classifies every image of a folder, with one result file per image.
#pragma once

#include <condition_variable>
#include <csignal>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "mxclassify/batcher.h"
#include "progress.h"

namespace program {
struct RunCounts {
    size_t written = 0;
    size_t failed = 0;
    double lasted_s = 0;  // without the start of the model
};

class FolderRun {
public:
    FolderRun(std::vector<std::string> images, std::string result_folder);

    // Classifies all images, or until `stop` is set. Passes on errors of the batcher's start, and throws
    // std::runtime_error if results cannot be written or the engine fails repeatedly.
    RunCounts Go(const std::shared_ptr<mxclassify::Backend> &backend, const mxclassify::BatcherOptions &options,
                 const volatile std::sig_atomic_t &stop);

private:
    bool WaitFor(size_t room, size_t capacity, const volatile std::sig_atomic_t &stop);
    void Submit(mxclassify::Batcher &batcher, size_t index);
    void Keep(const mxclassify::Completion &done);
    void Fail(size_t index, const std::string &why);

    const std::vector<std::string> images_;
    const std::string result_folder_;
    Progress progress_;
    std::mutex mutex_;
    std::condition_variable changed_;
    size_t in_flight_ = 0;
    size_t engine_failures_ = 0;  // in a row
    std::string broken_;          // why there is no going on
    RunCounts counts_;
};
}  // namespace program

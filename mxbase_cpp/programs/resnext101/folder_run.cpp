#include "folder_run.h"

#include <cmath>
#include <filesystem>
#include <stdexcept>

#include "image_files.h"
#include "mxclassify/clock.h"
#include "result_file.h"

namespace program {
using mxclassify::Outcome;

namespace {
constexpr size_t MAX_ENGINE_FAILURES = 64;
constexpr double LAST_ANSWERS_S = 5;  // for the images in flight after a stop
constexpr std::chrono::milliseconds LOOK{100};
}  // namespace

FolderRun::FolderRun(std::vector<std::string> images, std::string result_folder)
    : images_(std::move(images)), result_folder_(std::move(result_folder)), progress_(images_.size()) {}

RunCounts FolderRun::Go(const std::shared_ptr<mxclassify::Backend> &backend, const mxclassify::BatcherOptions &options,
                        const volatile std::sig_atomic_t &stop) {
    mxclassify::Batcher batcher(backend, options, [this](const std::vector<mxclassify::Completion> &done) {
        const std::lock_guard<std::mutex> guard(mutex_);
        for (const auto &one : done) Keep(one);
        changed_.notify_all();
    });
    const double started_s = mxclassify::Now();
    size_t next = 0;
    while (next < images_.size() && WaitFor(1, options.capacity, stop)) Submit(batcher, next++);
    WaitFor(options.capacity, options.capacity, stop);  // until all images have ended
    batcher.Close(LAST_ANSWERS_S);
    counts_.lasted_s = mxclassify::Now() - started_s;
    if (!broken_.empty()) throw std::runtime_error(broken_);
    return counts_;
}

// False if the run cannot continue.
bool FolderRun::WaitFor(size_t room, size_t capacity, const volatile std::sig_atomic_t &stop) {
    std::unique_lock<std::mutex> lock(mutex_);
    progress_.Show(counts_.written + counts_.failed, counts_.failed);
    while (in_flight_ + room > capacity && broken_.empty() && !stop) {
        changed_.wait_for(lock, LOOK);
        progress_.Show(counts_.written + counts_.failed, counts_.failed);
    }
    return broken_.empty() && !stop;
}

void FolderRun::Submit(mxclassify::Batcher &batcher, size_t index) {
    mxclassify::Bytes image;
    try {
        image = ReadImage(images_[index]);
    } catch (const std::exception &fault) {
        const std::lock_guard<std::mutex> guard(mutex_);
        return Fail(index, fault.what());
    }
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        ++in_flight_;
    }
    // There is room: in_flight_ counts an image until its result is delivered, the batcher only until its work has ended.
    if (!batcher.Submit(index, std::move(image), HUGE_VAL)) throw std::logic_error("the batcher is full");
}

void FolderRun::Keep(const mxclassify::Completion &done) {
    --in_flight_;
    if (done.outcome == Outcome::kClosed) return;
    engine_failures_ = done.outcome == Outcome::kFailed ? engine_failures_ + 1 : 0;
    if (engine_failures_ == MAX_ENGINE_FAILURES) broken_ = "the engine fails: " + done.error;
    if (done.outcome != Outcome::kOk) return Fail(done.id, done.error);
    try {
        WriteResult(ResultPath(result_folder_, images_[done.id]), done.best);
        ++counts_.written;
    } catch (const std::exception &fault) {
        broken_ = fault.what();
    }
}

// Removes the file of an earlier run.
void FolderRun::Fail(size_t index, const std::string &why) {
    ++counts_.failed;
    std::error_code ignored;
    std::filesystem::remove(ResultPath(result_folder_, images_[index]), ignored);
    progress_.Say(images_[index] + ": " + why);
}
}  // namespace program

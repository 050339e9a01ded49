#include "progress.h"

#include <unistd.h>

#include <cstdio>

#include "mxclassify/clock.h"

// Writes to the descriptor, because C's stderr is a trap while a picture is decoded (decoder_warnings.h).
namespace program {
namespace {
constexpr double EVERY_S = 0.1;
}

Progress::Progress(size_t total) : total_(total), terminal_(isatty(STDERR_FILENO) == 1), started_s_(mxclassify::Now()) {}

Progress::~Progress() { Clear(); }

void Progress::Clear() const {
    if (terminal_) dprintf(STDERR_FILENO, "\r\033[K");
}

void Progress::Show(size_t done, size_t failed) {
    const std::lock_guard<std::mutex> guard(mutex_);
    const double now_s = mxclassify::Now();
    if (!terminal_ || now_s < shown_s_ + EVERY_S) return;
    shown_s_ = now_s;
    const double rate = static_cast<double>(done) / (now_s - started_s_);
    dprintf(STDERR_FILENO, "\r\033[K%zu of %zu images, %zu failed, %.1f images/s", done, total_, failed, rate);
}

void Progress::Say(const std::string &line) {
    const std::lock_guard<std::mutex> guard(mutex_);
    Clear();
    dprintf(STDERR_FILENO, "%s\n", line.c_str());
}
}  // namespace program

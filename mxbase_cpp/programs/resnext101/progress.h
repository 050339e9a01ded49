// A progress line that is overwritten, only on a terminal. Messages go to standard error, above the line.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>

namespace program {
class Progress {
public:
    explicit Progress(size_t total);
    ~Progress();

    void Show(size_t done, size_t failed);
    void Say(const std::string &line);

private:
    void Clear() const;

    const size_t total_;
    const bool terminal_;
    const double started_s_;
    double shown_s_ = 0;
    std::mutex mutex_;
};
}  // namespace program

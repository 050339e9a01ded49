#include "mxclassify/decoder_warnings.h"

#include <cstdio>
#include <iostream>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <streambuf>
#include <string>

namespace mxclassify {
namespace {
constexpr size_t MAX_HEARD = 4096;
thread_local std::string heard;

ssize_t Hear(void *, const char *text, size_t size) {
    if (heard.size() <= MAX_HEARD) {
        heard.append(text, size);
    }
    return static_cast<ssize_t>(size);
}

// libpng names the chunk in its warning; a chunk with a small first letter is ancillary and does not affect the pixels. (Debian's
// libpng knows wrong colour profiles that many editors have written; the one inside PyPI's OpenCV is silent about them.) What stands
// behind the last row of pixels does not affect them either.
bool Harmless(const std::string &line) {
    static const std::string PREFIX = "libpng warning: ";
    if (line == PREFIX + "IDAT: Extra compressed data" || line == PREFIX + "IDAT: Too much image data") {
        return true;
    }
    const size_t at = PREFIX.size();
    return line.empty() ||
           (line.compare(0, at, PREFIX) == 0 && line.size() > at + 4 && line[at + 4] == ':' && line[at] >= 'a' && line[at] <= 'z');
}

FILE *Open() {
    cookie_io_functions_t functions{};
    functions.write = Hear;
    FILE *stream = fopencookie(nullptr, "w", functions);
    if (stream == nullptr) {
        throw std::runtime_error("the warnings of the image decoders cannot be heard: no stream for them");
    }
    std::setvbuf(stream, nullptr, _IONBF, 0);
    return stream;
}

thread_local int inside_here = 0;

// OpenCV writes its decoders' exceptions to std::cerr, which always keeps its first stream.
class QuietInside : public std::streambuf {
public:
    QuietInside() : outside_(std::cerr.rdbuf(this)) {}

protected:
    int_type overflow(int_type c) override { return inside_here || c == EOF ? 0 : outside_->sputc(static_cast<char>(c)); }
    std::streamsize xsputn(const char *text, std::streamsize size) override { return inside_here ? size : outside_->sputn(text, size); }
    int sync() override { return outside_->pubsync(); }

private:
    std::streambuf *outside_;
};

std::mutex lock;
int inside = 0;
FILE *original = nullptr;
}  // namespace

void StderrTrap::Enter() {
    static FILE *const stream = Open();
    static auto *const quiet = new QuietInside;  // never freed: std::cerr lives longer than all other objects
    static_cast<void>(quiet);
    heard.clear();
    ++inside_here;
    const std::lock_guard<std::mutex> guard(lock);
    if (inside++ == 0) {
        original = stderr;
        stderr = stream;
    }
}

void StderrTrap::Leave() {
    --inside_here;
    const std::lock_guard<std::mutex> guard(lock);
    if (--inside == 0) {
        stderr = original;
    }
}

bool StderrTrap::Sprung() {
    std::istringstream lines(heard);
    for (std::string line; std::getline(lines, line);) {
        if (!Harmless(line)) return true;
    }
    return heard.size() > MAX_HEARD;
}

StderrTrap::StderrTrap() { Enter(); }

StderrTrap::~StderrTrap() { Leave(); }
}  // namespace mxclassify

// Finds warnings of decoders: libjpeg and libpng report damage inside the coded pixels only on C's `stderr`; OpenCV ignores it.
#pragma once

namespace mxclassify {
// While one exists, C's `stderr` is a stream that prints nothing but keeps the text for the writing thread; outside it is the original.
// Two different traps would restore each other's stream: pipelines/cpu/decoder_warnings.py uses this one if it exists.
class StderrTrap {
public:
    StderrTrap();
    ~StderrTrap();
    StderrTrap(const StderrTrap &) = delete;
    StderrTrap &operator=(const StderrTrap &) = delete;

    // Whether this thread has written to `stderr` since its last entry, except libpng's warnings of ancillary chunks.
    static bool Sprung();
    static void Enter();
    static void Leave();
};
}  // namespace mxclassify

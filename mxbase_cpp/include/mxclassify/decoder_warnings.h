// Decoders that warn: libjpeg and libpng tell of damage inside the coded pixels on C's `stderr`, and OpenCV tells nobody.
#pragma once

namespace mxclassify {
// While one exists, C's `stderr` is a stream that swallows what is written and keeps it for the writing thread; outside it is what it
// was. Two such traps of different making would restore each other: beside pipelines/cpu/decoder_warnings.py this one serves both.
class StderrTrap {
public:
    StderrTrap();
    ~StderrTrap();
    StderrTrap(const StderrTrap &) = delete;
    StderrTrap &operator=(const StderrTrap &) = delete;

    // Whether this thread has written to `stderr` since it last went in, other than libpng's remarks on ancillary chunks.
    static bool Sprung();
    static void Enter();
    static void Leave();
};
}  // namespace mxclassify

// A simulated chip with the times of its gears, and decoders with theirs.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "mxclassify/backend.h"

namespace bench {
struct Usage {
    uint64_t batches = 0;
    uint64_t images = 0;
    uint64_t places = 0;  // filled or padded
};

// One core: batches of several lanes run one after the other. An image is one byte.
class SimulatedDevice : public mxclassify::Backend {
public:
    SimulatedDevice(std::map<size_t, double> cost_s_by_gear, double decode_s);

    mxclassify::Picture Prepare(const mxclassify::Bytes &image) override;
    size_t ImageBytes() const override { return 1; }
    std::unique_ptr<mxclassify::Lane> OpenLane() override;

    Usage usage() const;

private:
    friend class SimulatedLane;

    std::map<size_t, double> cost_s_;
    std::vector<size_t> gears_;
    double decode_s_;
    mutable std::mutex mutex_;
    double free_at_s_ = 0;
    Usage usage_;
};
}  // namespace bench

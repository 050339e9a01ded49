#include "simulated_device.h"

#include <algorithm>
#include <thread>

#include "mxclassify/clock.h"

namespace bench {
namespace {
void SleepUntil(double at_s) { std::this_thread::sleep_for(std::chrono::duration<double>(at_s - mxclassify::Now())); }
}  // namespace

class SimulatedLane : public mxclassify::Lane {
public:
    explicit SimulatedLane(SimulatedDevice &device) : device_(device) {}

    const std::vector<size_t> &gears() const override { return device_.gears_; }

    mxclassify::Inferred Run(const std::vector<const uint8_t *> &images, size_t gear, const std::vector<bool> &, bool) override {
        const double cost_s = device_.cost_s_.at(gear);
        double back_s = 0;
        {
            const std::lock_guard<std::mutex> guard(device_.mutex_);
            back_s = device_.free_at_s_ = std::max(device_.free_at_s_, mxclassify::Now()) + cost_s;
            ++device_.usage_.batches;
            device_.usage_.images += images.size();
            device_.usage_.places += gear;
        }
        SleepUntil(back_s);
        mxclassify::Inferred inferred;
        inferred.best.resize(images.size());
        inferred.infer_s = cost_s;
        return inferred;
    }

private:
    SimulatedDevice &device_;
};

SimulatedDevice::SimulatedDevice(std::map<size_t, double> cost_s_by_gear, double decode_s)
    : cost_s_(std::move(cost_s_by_gear)), decode_s_(decode_s) {
    for (const auto &[gear, cost_s] : cost_s_) gears_.push_back(gear);
}

mxclassify::Picture SimulatedDevice::Prepare(const mxclassify::Bytes &image) {
    SleepUntil(mxclassify::Now() + decode_s_);
    mxclassify::Picture picture;
    picture.pixels = image;
    picture.decode_s = decode_s_;
    return picture;
}

std::unique_ptr<mxclassify::Lane> SimulatedDevice::OpenLane() { return std::make_unique<SimulatedLane>(*this); }

Usage SimulatedDevice::usage() const {
    const std::lock_guard<std::mutex> guard(mutex_);
    return usage_;
}
}  // namespace bench

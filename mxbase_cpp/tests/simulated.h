// A device that is simulated: for the batcher and the bindings by themselves.
#pragma once

#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "mxclassify/backend.h"

namespace mxclassify {
inline void Sleep(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

// A device of one core: batches run one after another, in the time their gear takes. An image is one byte, its class; of all
// classes that is the score.
struct Simulated : Backend {
    struct Device : Lane {
        explicit Device(Simulated &of) : of(of) {}
        const std::vector<size_t> &gears() const override { return of.sizes; }
        Inferred Run(const std::vector<const uint8_t *> &images, size_t gear, const std::vector<bool> &full) override {
            Inferred inferred;
            const std::lock_guard<std::mutex> alone(of.core);
            Sleep(of.costs_s.at(gear));
            if (of.broken) throw std::runtime_error("broken (code -1)");
            for (const uint8_t *image : images) inferred.best.push_back({{*image, 1.0F}});
            inferred.all.resize(full.size());
            for (size_t place = 0; place < full.size(); ++place) {
                if (full[place]) inferred.all[place] = {static_cast<float>(*images[place])};
            }
            inferred.infer_s = of.costs_s.at(gear);
            return inferred;
        }
        Simulated &of;
    };

    explicit Simulated(std::map<size_t, double> costs) : costs_s(std::move(costs)) {
        for (const auto &[size, cost_s] : costs_s) sizes.push_back(size);
    }
    Picture Prepare(const Bytes &image) override {
        Sleep(decode_s);
        ++decoded;
        if (getpriority(PRIO_PROCESS, 0) > niceness) ++decoded_nicer;  // of this thread
        if (image.empty()) throw Undecodable("there is no image");
        Picture picture;
        picture.pixels = image;
        return picture;
    }
    size_t ImageBytes() const override { return 1; }
    std::unique_ptr<Lane> OpenLane() override {
        if (refuses) throw std::runtime_error("no device");
        return std::make_unique<Device>(*this);
    }

    std::map<size_t, double> costs_s;
    std::vector<size_t> sizes;
    std::mutex core;
    std::atomic<double> decode_s{0};
    std::atomic<int> decoded{0};
    std::atomic<int> decoded_nicer{0};  // by threads of lower priority than that of the maker
    const int niceness = getpriority(PRIO_PROCESS, 0);
    std::atomic<bool> broken{false};
    bool refuses = false;
};
}  // namespace mxclassify

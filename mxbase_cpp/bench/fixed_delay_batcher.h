// The batcher for comparison: it dispatches a full batch, or a batch whose oldest image has waited long enough. While every lane is
// busy, the next batch continues to fill, as in the dynamic batchers of other servers.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "mxclassify/backend.h"
#include "mxclassify/batcher.h"

namespace bench {
struct FixedDelay {
    size_t max_batch;
    double delay_s;
    bool split;  // split a batch by the costs of the gears, like the gear-aware one; otherwise pad it to the next gear
};

class FixedDelayBatcher {
public:
    using Deliver = std::function<void(const std::vector<uint64_t> &ids)>;  // from several threads

    FixedDelayBatcher(std::shared_ptr<mxclassify::Backend> backend, mxclassify::GearCosts costs, const mxclassify::BatcherOptions &options,
                      FixedDelay rule, Deliver deliver);
    // Answers the accepted images.
    ~FixedDelayBatcher();

    // Returns false if the capacity of images in flight is reached.
    bool Submit(uint64_t id, mxclassify::Bytes image);

private:
    struct Item {
        uint64_t id;
        mxclassify::Bytes image;
        double since_s;
    };

    void Decode();
    void DriveLane();
    bool Due() const;
    mxclassify::Batch Next() const;

    std::shared_ptr<mxclassify::Backend> backend_;
    mxclassify::GearCosts costs_;
    size_t capacity_;
    FixedDelay rule_;
    Deliver deliver_;
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::condition_variable decoded_;
    std::deque<Item> to_decode_;
    std::deque<Item> to_infer_;
    size_t in_flight_ = 0;
    bool closing_ = false;
    std::vector<std::thread> workers_;
};
}  // namespace bench

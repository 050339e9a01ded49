// The one component that waits for company: images are decoded in parallel as they come, and batches form from what is decoded.
//
// An idle device gets what is there at once. While a batch runs, the next one gathers until it has the size that costs least an image,
// and goes to the device shortly before the running one is expected back: nothing waits longer than one inference, and two batches are
// in flight. What is there is split or padded by the costs of the gears, which are measured at start.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "mxclassify/backend.h"
#include "mxclassify/gear_costs.h"

namespace mxclassify {
enum class Outcome { kOk, kUndecodable, kExpired, kCancelled, kFailed, kClosed };

struct Completion {
    uint64_t id = 0;
    Outcome outcome = Outcome::kOk;
    std::string error;
    std::vector<ClassScore> best;
    std::vector<float> all;  // of all classes by id, where they were asked for
    double decode_s = 0;
    double resize_s = 0;
    double queue_s = 0;  // waiting, before the decode and before the inference
    double infer_s = 0;
    double postprocess_s = 0;
    size_t batch = 0;  // images in its batch
    size_t gear = 0;
};

struct BatcherOptions {
    size_t decoders = 2;
    size_t lanes = 2;
    size_t capacity = 64;  // images in flight
};

class Batcher {
public:
    using Deliver = std::function<void(std::vector<Completion>)>;

    // Opens the lanes and times every gear; throws what a lane throws. `deliver` is called by one thread, with everything that is
    // over since its last call, and must not throw.
    Batcher(std::shared_ptr<Backend> backend, const BatcherOptions &options, Deliver deliver);
    // Closes without a drain.
    ~Batcher();
    Batcher(const Batcher &) = delete;
    Batcher &operator=(const Batcher &) = delete;

    // Takes an image until `deadline_s` (Now()'s clock); `full`: for the scores of all classes. False: capacity, an id in flight, or
    // closed. Never blocks.
    bool Submit(uint64_t id, Bytes image, double deadline_s, bool full = false);
    // Spares the work that is not done yet; the completion comes all the same.
    void Cancel(uint64_t id);
    // Whether the calling thread is the one that delivers; it cannot close.
    bool InDelivery() const { return std::this_thread::get_id() == deliverer_.get_id(); }
    // Answers what was taken for at most `drain_s`, completes the rest as kClosed, ends the threads. Every completion is delivered.
    // Throws std::logic_error inside a delivery.
    void Close(double drain_s);

    const GearCosts &costs() const { return *costs_; }
    size_t InFlight() const;

private:
    struct Item {
        Completion completion;
        Bytes image;
        Bytes pixels;
        double deadline_s = 0;
        double since_s = 0;  // when it began to wait where it waits now
        bool full = false;
        bool cancelled = false;
    };
    using Items = std::deque<std::shared_ptr<Item>>;

    void Decode();
    void DriveLane(size_t index);
    void DeliverAll();
    std::vector<Gear> Measure(Lane &lane) const;
    std::shared_ptr<Item> NextToDecode(std::unique_lock<std::mutex> &lock);
    std::optional<Batch> NextBatch(std::unique_lock<std::mutex> &lock);
    void RunBatch(Lane &lane, const Items &items, size_t gear);
    void DropOverdue(Items &items);
    bool Overdue(Item &item) const;
    void Finish(const std::shared_ptr<Item> &item, Outcome outcome, const std::string &error = "");
    void Join();

    std::shared_ptr<Backend> backend_;
    BatcherOptions options_;
    Deliver deliver_;

    mutable std::mutex mutex_;
    std::condition_variable arrived_;    // something to decode, or stopping
    std::condition_variable ready_;      // something to infer, a lane free, or stopping
    std::condition_variable completed_;  // something to deliver, or all delivered
    std::condition_variable started_;
    std::unordered_map<uint64_t, std::shared_ptr<Item>> in_flight_;
    Items to_decode_;
    Items to_infer_;
    std::vector<Completion> done_;
    std::optional<GearCosts> costs_;
    std::exception_ptr failure_;
    size_t lanes_open_ = 0;
    size_t lanes_busy_ = 0;
    double busy_until_s_ = 0;  // when the batches on the device are expected back
    bool closing_ = false;     // takes nothing more
    bool stopping_ = false;    // threads end when there is nothing left
    bool delivered_ = false;   // and the last one too
    std::mutex closing_once_;
    std::vector<std::thread> workers_;
    std::thread deliverer_;
};
}  // namespace mxclassify

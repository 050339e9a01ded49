// The only component that waits to form batches: images are decoded in parallel as they arrive, and decoded images form batches.
//
// An idle device gets the waiting images at once. While a batch runs, the next one fills up to the size with the least cost per image,
// and goes to the device shortly before the expected end of the running one: no image waits longer than one inference, and two batches are
// in flight. The waiting images are split or padded by the costs of the gears, which are measured at start.
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
    size_t decoders = 2;  // and one fewer, but at least one, of lower priority for the images that take long
    size_t lanes = 2;
    size_t capacity = 64;  // images in flight
};

class Batcher {
public:
    using Deliver = std::function<void(std::vector<Completion>)>;

    // Opens the lanes and measures every gear; passes on a lane's errors. One thread calls `deliver` with all images that have
    // ended since its last call; it must not throw.
    Batcher(std::shared_ptr<Backend> backend, const BatcherOptions &options, Deliver deliver);
    // Closes without a drain.
    ~Batcher();
    Batcher(const Batcher &) = delete;
    Batcher &operator=(const Batcher &) = delete;

    // Takes an image until `deadline_s` (Now()'s clock); `full`: for the scores of all classes; `slow`: it takes long to decode, so the
    // slow decoders do it. False if full, if the id is in flight, or if closed. Never blocks.
    bool Submit(uint64_t id, Bytes image, double deadline_s, bool full = false, bool slow = false);
    // Skips the work that is not done yet; the completion is still delivered.
    void Cancel(uint64_t id);
    // Whether the calling thread is the delivering one, which cannot close.
    bool InDelivery() const { return std::this_thread::get_id() == deliverer_.get_id(); }
    // Answers the accepted images for at most `drain_s`, completes the rest as kClosed, ends the threads. Delivers every completion.
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
        double since_s = 0;  // when it entered its present queue
        bool full = false;
        bool cancelled = false;
    };
    using Items = std::deque<std::shared_ptr<Item>>;
    struct Undecoded {
        Items items;
        std::condition_variable arrived;  // something to decode, or stopping
    };

    void Decode(Undecoded &from);
    void DecodeSlowly();
    void DriveLane(size_t index);
    void DeliverAll();
    std::vector<Gear> Measure(Lane &lane) const;
    std::shared_ptr<Item> NextToDecode(Undecoded &from, std::unique_lock<std::mutex> &lock);
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
    std::condition_variable ready_;      // something to infer, a lane free, or stopping
    std::condition_variable completed_;  // something to deliver, or all delivered
    std::condition_variable started_;
    std::unordered_map<uint64_t, std::shared_ptr<Item>> in_flight_;
    Undecoded to_decode_;
    Undecoded slow_to_decode_;
    Items to_infer_;
    std::vector<Completion> done_;
    std::optional<GearCosts> costs_;
    std::exception_ptr failure_;
    size_t lanes_open_ = 0;
    size_t lanes_busy_ = 0;
    double busy_until_s_ = 0;  // expected end of the batches on the device
    bool closing_ = false;     // takes no more images
    bool stopping_ = false;    // threads end when no work is left
    bool delivered_ = false;   // the delivering thread ends too
    std::mutex closing_once_;
    std::vector<std::thread> workers_;
    std::thread deliverer_;
};
}  // namespace mxclassify

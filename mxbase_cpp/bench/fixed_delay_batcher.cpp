#include "fixed_delay_batcher.h"

#include <algorithm>

#include "mxclassify/clock.h"

namespace bench {
using mxclassify::Now;

FixedDelayBatcher::FixedDelayBatcher(std::shared_ptr<mxclassify::Backend> backend, mxclassify::GearCosts costs,
                                     const mxclassify::BatcherOptions &options, FixedDelay rule, Deliver deliver)
    : backend_(std::move(backend)), costs_(std::move(costs)), capacity_(options.capacity), rule_(rule), deliver_(std::move(deliver)) {
    for (size_t index = 0; index < options.decoders; ++index) workers_.emplace_back(&FixedDelayBatcher::Decode, this);
    for (size_t index = 0; index < options.lanes; ++index) workers_.emplace_back(&FixedDelayBatcher::DriveLane, this);
}

FixedDelayBatcher::~FixedDelayBatcher() {
    {
        std::unique_lock<std::mutex> lock(mutex_);
        decoded_.wait(lock, [this] { return in_flight_ == 0; });
        closing_ = true;
    }
    arrived_.notify_all();
    decoded_.notify_all();
    for (auto &worker : workers_) worker.join();
}

bool FixedDelayBatcher::Submit(uint64_t id, mxclassify::Bytes image) {
    const std::lock_guard<std::mutex> guard(mutex_);
    if (in_flight_ >= capacity_) return false;
    ++in_flight_;
    to_decode_.push_back({id, std::move(image), 0});
    arrived_.notify_one();
    return true;
}

void FixedDelayBatcher::Decode() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
        arrived_.wait(lock, [this] { return closing_ || !to_decode_.empty(); });
        if (to_decode_.empty()) return;
        Item item = std::move(to_decode_.front());
        to_decode_.pop_front();
        lock.unlock();
        item.image = backend_->Prepare(item.image).pixels;
        item.since_s = Now();
        lock.lock();
        to_infer_.push_back(std::move(item));
        decoded_.notify_all();
    }
}

bool FixedDelayBatcher::Due() const {
    return to_infer_.size() >= rule_.max_batch || (!to_infer_.empty() && Now() >= to_infer_.front().since_s + rule_.delay_s);
}

mxclassify::Batch FixedDelayBatcher::Next() const {
    const size_t count = std::min(to_infer_.size(), rule_.max_batch);
    if (rule_.split) return costs_.First(count);
    const auto fits = [count](const mxclassify::Gear &gear) { return gear.size >= count; };
    return {count, std::find_if(costs_.gears().begin(), costs_.gears().end(), fits)->size};
}

void FixedDelayBatcher::DriveLane() {
    const auto lane = backend_->OpenLane();
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
        decoded_.wait(lock, [this] { return closing_ || !to_infer_.empty(); });
        if (to_infer_.empty()) return;
        if (!Due()) {
            decoded_.wait_for(lock, std::chrono::duration<double>(to_infer_.front().since_s + rule_.delay_s - Now()));
            continue;
        }
        const mxclassify::Batch batch = Next();
        std::vector<Item> items;
        while (items.size() < batch.images) {
            items.push_back(std::move(to_infer_.front()));
            to_infer_.pop_front();
        }
        lock.unlock();
        std::vector<const uint8_t *> images;
        std::vector<uint64_t> ids;
        for (const Item &item : items) {
            images.push_back(item.image.data());
            ids.push_back(item.id);
        }
        lane->Run(images, batch.gear, {}, false);
        deliver_(ids);
        lock.lock();
        in_flight_ -= ids.size();
        decoded_.notify_all();
    }
}
}  // namespace bench

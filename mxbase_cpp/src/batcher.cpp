#include "mxclassify/batcher.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <stdexcept>

#include "mxclassify/clock.h"
#include "mxclassify/priority.h"

namespace mxclassify {
namespace {
constexpr int TIMED_RUNS = 3;
constexpr double LEAD = 0.1;  // the second batch goes to the device this share of an inference before the expected end of the first

std::chrono::steady_clock::time_point At(double seconds) {
    return std::chrono::steady_clock::time_point(
        std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(seconds)));
}
}  // namespace

Batcher::Batcher(std::shared_ptr<Backend> backend, const BatcherOptions &options, Deliver deliver)
    : backend_(std::move(backend)), options_(options), deliver_(std::move(deliver)) {
    try {
        deliverer_ = std::thread(&Batcher::DeliverAll, this);
        const size_t lanes = std::max<size_t>(1, options_.lanes), decoders = std::max<size_t>(1, options_.decoders);
        for (size_t index = 0; index < lanes; ++index) workers_.emplace_back(&Batcher::DriveLane, this, index);
        for (size_t index = 0; index < decoders; ++index) workers_.emplace_back(&Batcher::Decode, this, std::ref(to_decode_));
        for (size_t index = 0; index < std::max<size_t>(2, decoders) - 1; ++index) workers_.emplace_back(&Batcher::DecodeSlowly, this);
    } catch (...) {  // the machine has no more threads
        const std::lock_guard<std::mutex> guard(mutex_);
        failure_ = std::current_exception();
    }
    std::unique_lock<std::mutex> lock(mutex_);
    started_.wait(lock, [this] { return failure_ || (costs_ && lanes_open_ == std::max<size_t>(1, options_.lanes)); });
    if (failure_) {
        closing_ = stopping_ = true;
        lock.unlock();
        Join();
        std::rethrow_exception(failure_);
    }
}

Batcher::~Batcher() { Close(0); }

bool Batcher::Submit(uint64_t id, Bytes image, double deadline_s, bool full, bool slow) {
    auto item = std::make_shared<Item>();
    item->completion.id = id;
    item->image = std::move(image);
    item->deadline_s = deadline_s;
    item->full = full;
    item->since_s = Now();
    const std::lock_guard<std::mutex> guard(mutex_);
    if (closing_ || in_flight_.size() >= options_.capacity || !in_flight_.emplace(id, item).second) {
        return false;
    }
    Undecoded &into = slow ? slow_to_decode_ : to_decode_;
    into.items.push_back(std::move(item));
    into.arrived.notify_one();
    return true;
}

void Batcher::Cancel(uint64_t id) {
    const std::lock_guard<std::mutex> guard(mutex_);
    const auto found = in_flight_.find(id);
    if (found != in_flight_.end()) {
        found->second->cancelled = true;
    }
}

size_t Batcher::InFlight() const {
    const std::lock_guard<std::mutex> guard(mutex_);
    return in_flight_.size();
}

void Batcher::Close(double drain_s) {
    if (InDelivery()) {
        throw std::logic_error("the thread that delivers cannot wait for its own end");
    }
    const std::lock_guard<std::mutex> once(closing_once_);
    {
        std::unique_lock<std::mutex> lock(mutex_);
        closing_ = true;
        completed_.wait_until(lock, At(Now() + drain_s), [this] { return in_flight_.empty(); });
        for (Items *waiting : {&to_decode_.items, &slow_to_decode_.items, &to_infer_}) {
            for (const auto &item : *waiting) {
                Finish(item, Outcome::kClosed, "the engine is closed");
            }
            waiting->clear();
        }
        stopping_ = true;
    }
    Join();
}

// Workers end first and complete their images; then the delivering thread, after it has delivered everything.
void Batcher::Join() {
    to_decode_.arrived.notify_all();
    slow_to_decode_.arrived.notify_all();
    ready_.notify_all();
    for (auto &worker : workers_) {
        if (worker.joinable()) worker.join();
    }
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        delivered_ = true;
    }
    completed_.notify_all();
    if (deliverer_.joinable()) deliverer_.join();
}

void Batcher::Finish(const std::shared_ptr<Item> &item, Outcome outcome, const std::string &error) {
    item->completion.outcome = outcome;
    item->completion.error = error;
    in_flight_.erase(item->completion.id);
    done_.push_back(std::move(item->completion));
    completed_.notify_all();
}

bool Batcher::Overdue(Item &item) const { return item.cancelled || item.deadline_s <= Now(); }

void Batcher::DropOverdue(Items &items) {
    const auto overdue = [this](const std::shared_ptr<Item> &item) {
        if (!Overdue(*item)) return false;
        Finish(item, item->cancelled ? Outcome::kCancelled : Outcome::kExpired);
        return true;
    };
    items.erase(std::remove_if(items.begin(), items.end(), overdue), items.end());
}

std::shared_ptr<Batcher::Item> Batcher::NextToDecode(Undecoded &from, std::unique_lock<std::mutex> &lock) {
    for (;;) {
        from.arrived.wait(lock, [this, &from] { return stopping_ || !from.items.empty(); });
        if (from.items.empty()) return nullptr;
        auto item = from.items.front();
        from.items.pop_front();
        if (!Overdue(*item)) return item;
        Finish(item, item->cancelled ? Outcome::kCancelled : Outcome::kExpired);
    }
}

// A thread of its own, because only root may raise a priority again.
void Batcher::DecodeSlowly() {
    LowerOwnPriority();
    Decode(slow_to_decode_);
}

void Batcher::Decode(Undecoded &from) {
    std::unique_lock<std::mutex> lock(mutex_);
    while (auto item = NextToDecode(from, lock)) {
        item->completion.queue_s += Now() - item->since_s;
        lock.unlock();
        Outcome outcome = Outcome::kOk;
        std::string error;
        try {
            Picture picture = backend_->Prepare(item->image);
            item->pixels = std::move(picture.pixels);
            item->completion.decode_s = picture.decode_s;
            item->completion.resize_s = picture.resize_s;
        } catch (const Undecodable &fault) {
            outcome = Outcome::kUndecodable;
            error = fault.what();
        } catch (const std::exception &fault) {
            outcome = Outcome::kFailed;
            error = fault.what();
        }
        item->image = Bytes();
        item->since_s = Now();
        lock.lock();
        if (outcome != Outcome::kOk) {
            Finish(item, outcome, error);
        } else if (stopping_) {
            Finish(item, Outcome::kClosed, "the engine is closed");
        } else {
            to_infer_.push_back(std::move(item));
            ready_.notify_one();
        }
    }
}

// The batch to run now; none if the threads must end.
std::optional<Batch> Batcher::NextBatch(std::unique_lock<std::mutex> &lock) {
    for (;;) {
        DropOverdue(to_infer_);
        const size_t count = to_infer_.size();
        if (count == 0) {
            if (stopping_) return std::nullopt;
            ready_.wait(lock);
            continue;
        }
        const size_t best = costs_->Best();
        if (count >= best) {
            return costs_->First(best);
        }
        const double due_s = busy_until_s_ - LEAD * costs_->gears().front().cost_s;
        if (lanes_busy_ == 0 || stopping_ || Now() >= due_s) {
            return costs_->First(count);
        }
        ready_.wait_until(lock, At(due_s));
    }
}

void Batcher::RunBatch(Lane &lane, const Items &items, size_t gear, bool alone) {
    std::vector<const uint8_t *> images;
    std::vector<bool> full;
    const double started_s = Now();
    for (const auto &item : items) {
        images.push_back(item->pixels.data());
        item->completion.queue_s += started_s - item->since_s;
        item->completion.batch = items.size();
        item->completion.gear = gear;
        if (item->full) {
            full.resize(items.size());
            full[images.size() - 1] = true;
        }
    }
    Inferred inferred;
    std::string error;
    try {
        inferred = lane.Run(images, gear, full, alone);
    } catch (const std::exception &fault) {
        error = fault.what();
    }
    const bool ok = inferred.best.size() == items.size();
    const std::lock_guard<std::mutex> guard(mutex_);
    for (size_t place = 0; place < items.size(); ++place) {
        Completion &completion = items[place]->completion;
        completion.infer_s = inferred.infer_s;
        completion.postprocess_s = inferred.postprocess_s;
        if (ok) completion.best = std::move(inferred.best[place]);
        if (ok && place < inferred.all.size()) completion.all = std::move(inferred.all[place]);
        Finish(items[place], ok ? Outcome::kOk : Outcome::kFailed, error);
    }
}

void Batcher::DriveLane(size_t index) {
    std::unique_ptr<Lane> lane;
    try {
        lane = backend_->OpenLane();
        auto measured = index == 0 ? Measure(*lane) : std::vector<Gear>();
        const std::lock_guard<std::mutex> guard(mutex_);
        if (index == 0) costs_.emplace(std::move(measured));
        ++lanes_open_;
        started_.notify_all();
    } catch (...) {
        const std::lock_guard<std::mutex> guard(mutex_);
        failure_ = std::current_exception();
        started_.notify_all();
        return;
    }
    std::unique_lock<std::mutex> lock(mutex_);
    ready_.wait(lock, [this] { return costs_ || stopping_; });
    while (costs_) {
        const auto batch = NextBatch(lock);
        if (!batch) return;
        const Items items(to_infer_.begin(), to_infer_.begin() + static_cast<std::ptrdiff_t>(batch->images));
        to_infer_.erase(to_infer_.begin(), to_infer_.begin() + static_cast<std::ptrdiff_t>(batch->images));
        busy_until_s_ = std::max(lanes_busy_ ? busy_until_s_ : 0, Now()) + costs_->CostOf(batch->gear);
        ++lanes_busy_;
        if (!to_infer_.empty()) ready_.notify_one();
        const bool alone = in_flight_.size() == items.size();
        lock.unlock();
        RunBatch(*lane, items, batch->gear, alone);
        lock.lock();
        --lanes_busy_;
        ready_.notify_one();  // a lane that fills a batch waits for an idle device
    }
}

std::vector<Gear> Batcher::Measure(Lane &lane) const {
    const Bytes grey(backend_->ImageBytes(), 128);
    std::vector<Gear> gears;
    for (const size_t gear : lane.gears()) {
        const std::vector<const uint8_t *> images(gear, grey.data());
        lane.Run(images, gear, {}, false);
        double least_s = std::numeric_limits<double>::infinity();
        for (int run = 0; run < TIMED_RUNS; ++run) {
            const double started_s = Now();
            lane.Run(images, gear, {}, false);
            least_s = std::min(least_s, Now() - started_s);
        }
        gears.push_back({gear, std::max(least_s, 1e-9)});
    }
    return gears;
}

void Batcher::DeliverAll() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
        completed_.wait(lock, [this] { return delivered_ || !done_.empty(); });
        if (done_.empty()) return;
        std::vector<Completion> done;
        done.swap(done_);
        lock.unlock();
        deliver_(std::move(done));
        lock.lock();
    }
}
}  // namespace mxclassify

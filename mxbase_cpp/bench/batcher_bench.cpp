// Compares the gear-aware batcher with fixed delays: batcher_bench [SECONDS [MODEL [SEED]]]. Prints a Markdown table.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "ascend310.h"
#include "fixed_delay_batcher.h"
#include "mxclassify/batcher.h"
#include "mxclassify/clock.h"
#include "simulated_device.h"

namespace {
using bench::SimulatedDevice;
using mxclassify::Batcher;
using mxclassify::BatcherOptions;
using mxclassify::Now;

constexpr double LOADS[] = {0.3, 0.6, 0.9, 1.1};
const struct {
    const char *name;
    double delay_s;
    bool split;
} RULES[] = {
    {"full or 2 ms", 0.002, false},
    {"full or 5 ms", 0.005, false},
    {"full or 10 ms", 0.010, false},
    {"full or 2 ms, split", 0.002, true},
};
constexpr double DECODE_S = 0.004;  // a photo of ImageNet on one core, resized
const BatcherOptions OPTIONS = {4, 2, 64};

struct Found {
    std::vector<double> latencies_s;
    size_t refused = 0;
    double lasted_s = 0;
    bench::Usage usage;
};

class Arrivals {
public:
    Arrivals(double rate, double seconds, unsigned seed) {
        std::mt19937 random(seed);
        std::exponential_distribution<double> gap(rate);
        for (double at_s = gap(random); at_s < seconds; at_s += gap(random)) due_s_.push_back(at_s);
    }

    const std::vector<double> &due_s() const { return due_s_; }

private:
    std::vector<double> due_s_;
};

// Latency is measured from the time when a request was due.
class Clients {
public:
    explicit Clients(const Arrivals &arrivals) : arrivals_(arrivals), back_s_(arrivals.due_s().size()) {}

    void Answer(uint64_t id) { back_s_[id] = Now(); }

    template <typename Submit>
    void Send(const Submit &submit) {
        started_s_ = Now();
        for (uint64_t id = 0; id < back_s_.size(); ++id) {
            std::this_thread::sleep_for(std::chrono::duration<double>(started_s_ + arrivals_.due_s()[id] - Now()));
            refused_ += submit(id) ? 0 : 1;
        }
    }

    Found Sum() const {
        Found found;
        found.refused = refused_;
        for (size_t id = 0; id < back_s_.size(); ++id) {
            if (back_s_[id] == 0) continue;
            found.latencies_s.push_back(back_s_[id] - started_s_ - arrivals_.due_s()[id]);
            found.lasted_s = std::max(found.lasted_s, back_s_[id] - started_s_);
        }
        std::sort(found.latencies_s.begin(), found.latencies_s.end());
        return found;
    }

private:
    const Arrivals &arrivals_;
    std::vector<double> back_s_;
    double started_s_ = 0;
    size_t refused_ = 0;
};

Found Minus(Found found, const bench::Usage &before, const bench::Usage &after) {
    found.usage = {after.batches - before.batches, after.images - before.images, after.places - before.places};
    return found;
}

mxclassify::GearCosts CostsOf(const std::map<size_t, double> &cost_s) {
    std::vector<mxclassify::Gear> gears;
    for (const auto &[size, seconds] : cost_s) gears.push_back({size, seconds});
    return mxclassify::GearCosts(std::move(gears));
}

Found GearAware(const std::map<size_t, double> &cost_s, const Arrivals &arrivals) {
    const auto device = std::make_shared<SimulatedDevice>(cost_s, DECODE_S);
    Clients clients(arrivals);
    Batcher batcher(device, OPTIONS, [&clients](std::vector<mxclassify::Completion> done) {
        for (const auto &one : done) clients.Answer(one.id);
    });
    const bench::Usage before = device->usage();  // without the measurements at start
    clients.Send([&batcher](uint64_t id) { return batcher.Submit(id, {0}, HUGE_VAL); });
    batcher.Close(60);
    return Minus(clients.Sum(), before, device->usage());
}

Found Fixed(const std::map<size_t, double> &cost_s, const Arrivals &arrivals, bench::FixedDelay rule) {
    const auto device = std::make_shared<SimulatedDevice>(cost_s, DECODE_S);
    Clients clients(arrivals);
    {
        bench::FixedDelayBatcher batcher(device, CostsOf(cost_s), OPTIONS, rule, [&clients](const std::vector<uint64_t> &ids) {
            for (const uint64_t id : ids) clients.Answer(id);
        });
        clients.Send([&batcher](uint64_t id) { return batcher.Submit(id, {0}); });
    }
    return Minus(clients.Sum(), {}, device->usage());
}

double Percentile(const std::vector<double> &sorted, double share) {
    return sorted.empty() ? 0 : sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))];
}

void Print(const std::string &model, double load, const std::string &batcher, const Found &found) {
    const auto answered = static_cast<double>(found.latencies_s.size());
    const auto places = static_cast<double>(found.usage.places), images = static_cast<double>(found.usage.images);
    std::printf("| %s | %.0f %% | %s | %.1f | %.1f | %.1f | %.1f %% | %.1f | %.1f %% |\n", model.c_str(), load * 100, batcher.c_str(),
                Percentile(found.latencies_s, 0.5) * 1e3, Percentile(found.latencies_s, 0.99) * 1e3, answered / found.lasted_s,
                100 * static_cast<double>(found.refused) / (answered + static_cast<double>(found.refused)),
                images / static_cast<double>(found.usage.batches), 100 * (places - images) / places);
    std::fflush(stdout);
}

// All batchers run at the same time with the same arrivals, so that a disturbance of the machine affects all of them.
void Compare(const bench::Published &published, double load, double seconds, unsigned seed) {
    std::map<size_t, double> cost_s;
    size_t best = 1;
    for (const auto &[batch, rate] : published.rate_by_batch) {
        cost_s[batch] = static_cast<double>(batch) / rate;
        if (rate > published.rate_by_batch.at(best)) best = batch;
    }
    const Arrivals arrivals(load * published.rate_by_batch.at(best), seconds, seed);
    Found ours;
    std::vector<Found> fixed(std::size(RULES));
    std::vector<std::thread> runs;
    runs.emplace_back([&] { ours = GearAware(cost_s, arrivals); });
    for (size_t index = 0; index < fixed.size(); ++index) {
        runs.emplace_back([&, index] { fixed[index] = Fixed(cost_s, arrivals, {best, RULES[index].delay_s, RULES[index].split}); });
    }
    for (auto &run : runs) run.join();
    Print(published.model, load, "gear-aware", ours);
    for (size_t index = 0; index < fixed.size(); ++index) {
        Print("", load, RULES[index].name, fixed[index]);
    }
}
}  // namespace

int main(int argc, char **argv) {
    const double seconds = argc > 1 ? std::atof(argv[1]) : 40;
    const std::string model = argc > 2 ? argv[2] : "";
    const auto seed = static_cast<unsigned>(argc > 3 ? std::atoi(argv[3]) : 1);
    std::puts("| Model | Load | Batcher | p50 ms | p99 ms | images/s | refused | mean batch | padding |");
    std::puts("|---|---|---|---|---|---|---|---|---|");
    for (const auto &published : bench::Ascend310()) {
        if (!model.empty() && model != published.model) continue;
        for (const double load : LOADS) Compare(published, load, seconds, seed);
    }
}

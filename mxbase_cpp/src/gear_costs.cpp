#include "mxclassify/gear_costs.h"

#include <algorithm>
#include <stdexcept>

namespace mxclassify {
namespace {
constexpr double EQUAL = 1.02;  // the possible difference between two measurements of the same gear
}

GearCosts::GearCosts(std::vector<Gear> gears) : gears_(std::move(gears)) {
    size_t last = 0;
    for (const Gear &gear : gears_) {
        if (gear.size <= last || !(gear.cost_s > 0)) {
            throw std::invalid_argument("gears need rising sizes and positive costs");
        }
        last = gear.size;
    }
    if (gears_.empty()) {
        throw std::invalid_argument("there are no gears");
    }
    const auto each_s = [](const Gear &gear) { return gear.cost_s / static_cast<double>(gear.size); };
    double least_s = each_s(gears_.front());
    for (const Gear &gear : gears_) least_s = std::min(least_s, each_s(gear));
    best_ = std::find_if(gears_.begin(), gears_.end(), [&](const Gear &gear) { return each_s(gear) <= least_s * EQUAL; })->size;
}

double GearCosts::CostOf(size_t size) const {
    for (const Gear &gear : gears_) {
        if (gear.size == size) {
            return gear.cost_s;
        }
    }
    throw std::invalid_argument("no such gear");
}

// For 0..ready images: the least cost, and the last gear of a split with that cost.
std::vector<GearCosts::Step> GearCosts::Steps(size_t ready) const {
    std::vector<Step> steps(ready + 1, {0, 0});
    for (size_t images = 1; images <= ready; ++images) {
        for (const Gear &gear : gears_) {
            const double cost_s = gear.cost_s + steps[images - std::min(gear.size, images)].cost_s;
            if (steps[images].gear == 0 || cost_s <= steps[images].cost_s) {
                steps[images] = {cost_s, gear.size};
            }
        }
    }
    return steps;
}

Batch GearCosts::First(size_t ready) const {
    const auto steps = Steps(ready);
    size_t largest = 0;
    for (size_t images = ready; images > 0; images -= std::min(steps[images].gear, images)) {
        largest = std::max(largest, steps[images].gear);
    }
    return {std::min(largest, ready), largest};
}

double GearCosts::Cheapest(size_t ready) const { return Steps(ready)[ready].cost_s; }
}  // namespace mxclassify

// The cost of a batch of each compiled size, and the choice of batches from it.
#pragma once

#include <cstddef>
#include <vector>

namespace mxclassify {
struct Gear {
    size_t size;
    double cost_s;  // of one inference, for any number of filled places
};

struct Batch {
    size_t images;
    size_t gear;  // at least `images`; the rest is padding
};

class GearCosts {
public:
    // Rising sizes, positive costs; throws std::invalid_argument otherwise.
    explicit GearCosts(std::vector<Gear> gears);

    const std::vector<Gear> &gears() const { return gears_; }
    double CostOf(size_t gear) const;

    // The size with the least cost per image; among equal ones (within 2 %) the smallest. A smaller batch gains from more
    // images, a larger one does not.
    size_t Best() const { return best_; }

    // The first batch of the cheapest way to infer `ready` images (at least 1), larger batches first: split or padded, by cost.
    Batch First(size_t ready) const;

    // The cost of that cheapest way.
    double Cheapest(size_t ready) const;

private:
    struct Step {
        double cost_s;
        size_t gear;
    };

    std::vector<Step> Steps(size_t ready) const;

    std::vector<Gear> gears_;
    size_t best_ = 1;
};
}  // namespace mxclassify

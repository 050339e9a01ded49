#include "mxclassify/gear_costs.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <stdexcept>

using namespace mxclassify;

namespace {
// Every way, tried.
double Least(const std::vector<Gear> &gears, size_t ready) {
    double least_s = ready ? 1e9 : 0;
    for (const Gear &gear : gears) {
        if (ready) least_s = std::min(least_s, gear.cost_s + Least(gears, ready - std::min(gear.size, ready)));
    }
    return least_s;
}
}  // namespace

TEST_CASE("three images: two and one, or padded to four, whichever is cheaper") {
    CHECK(GearCosts({{1, 1}, {2, 1.5}, {4, 3}}).First(3).gear == 2);
    const Batch padded = GearCosts({{1, 2}, {2, 3}, {4, 4}}).First(3);
    CHECK(padded.gear == 4);
    CHECK(padded.images == 3);
}

TEST_CASE("where a batch does not help, none is waited for") {
    const GearCosts costs({{1, 1}, {2, 2.2}, {4, 4.6}});
    CHECK(costs.Best() == 1);
    CHECK(costs.First(5).gear == 1);
}

TEST_CASE("of sizes that cost the same an image the smallest is best") {
    CHECK(GearCosts({{1, 1}, {4, 3.02}, {8, 6}, {16, 12.1}}).Best() == 4);
    CHECK(GearCosts({{1, 1}, {4, 3.1}, {8, 6}, {16, 12.1}}).Best() == 8);
}

TEST_CASE("the cheapest way is the cheapest of all ways") {
    std::mt19937 random(8);
    std::uniform_real_distribution<double> cost_s(0.1, 4);
    for (int round = 0; round < 200; ++round) {
        std::vector<Gear> gears;
        for (const size_t size : {1, 2, 4, 7}) {
            if (gears.empty() || random() % 2) gears.push_back({size, cost_s(random)});
        }
        const GearCosts costs(gears);
        for (size_t ready = 1; ready <= 9; ++ready) {
            CHECK(costs.Cheapest(ready) == doctest::Approx(Least(gears, ready)));
            const Batch first = costs.First(ready);
            CHECK(first.images == std::min(first.gear, ready));
            CHECK(costs.CostOf(first.gear) + Least(gears, ready - first.images) == doctest::Approx(costs.Cheapest(ready)));
        }
    }
}

TEST_CASE("gears that cannot be") {
    CHECK_THROWS_AS(GearCosts({}), std::invalid_argument);
    CHECK_THROWS_AS(GearCosts({{2, 1}, {1, 1}}), std::invalid_argument);
    CHECK_THROWS_AS(GearCosts({{1, 0}}), std::invalid_argument);
    CHECK_THROWS_AS(GearCosts({{1, 1}}).CostOf(2), std::invalid_argument);
}

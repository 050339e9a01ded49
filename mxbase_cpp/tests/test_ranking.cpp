#include "mxclassify/ranking.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace mxclassify;

TEST_CASE("best first, the lower id among equals, NaN last") {
    const auto best = Ranked({1, 3, NAN, 3, 2, NAN}, 6);
    std::vector<int> ids;
    for (const auto &one : best) ids.push_back(one.class_id);
    CHECK(ids == std::vector<int>{1, 3, 4, 0, 2, 5});
    CHECK(Ranked({1, 2}, 1).size() == 1);
    CHECK(Ranked({}, 5).empty());
}

TEST_CASE("softmax sums to one, survives large logits, and hides no NaN") {
    std::vector<float> scores{1000, 1001, 999};
    Softmax(scores);
    CHECK(scores[0] + scores[1] + scores[2] == doctest::Approx(1));
    CHECK(scores[1] == doctest::Approx(0.66524));
    for (const float odd : {NAN, INFINITY}) {
        std::vector<float> wrong{1, odd, 2};
        Softmax(wrong);
        CHECK(std::isnan(wrong[0]));
        CHECK(std::isnan(wrong[1]));
    }
}

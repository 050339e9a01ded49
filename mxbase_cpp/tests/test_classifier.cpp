#include "mxclassify/classifier.h"

#include <doctest/doctest.h>

#include <map>
#include <opencv2/imgcodecs.hpp>

#include "mxclassify/clock.h"
#include "mxclassify/device.h"

using namespace mxclassify;

namespace {
ClassifierConfig Config(const std::string &model) {
    ClassifierConfig config;
    config.model_path = std::string(TEST_MODELS) + "/" + model;
    config.geometry = {Resize::kStretch, 6, 4, 0, 0};
    config.post_process = {Ranking::kOwn, 3, 2, false};
    return config;
}
}  // namespace

TEST_CASE("from encoded bytes to the best classes, by both rankings and with every kind of batch") {
    Bytes image;
    REQUIRE(cv::imencode(".png", cv::Mat(20, 20, CV_8UC3, cv::Scalar(10, 30, 20)), image));
    for (const char *model : {"static.om", "pair.om", "gears.om"}) {
        for (const Ranking ranking : {Ranking::kOwn, Ranking::kSdk}) {
            ClassifierConfig config = Config(model);
            config.post_process.ranking = ranking;
            std::map<uint64_t, Completion> results;
            Batcher batcher(MakeBackend(config), config.batcher, [&results](std::vector<Completion> done) {
                for (auto &one : done) results[one.id] = std::move(one);
            });
            for (uint64_t id = 0; id < 20; ++id) REQUIRE(batcher.Submit(id, image, Now() + 60, id % 4 == 1));
            batcher.Close(60);
            REQUIRE(results.size() == 20);
            for (const auto &[id, result] : results) {
                REQUIRE(result.outcome == Outcome::kOk);
                REQUIRE(result.best.size() == 2);
                CHECK(result.best[0].class_id == 1);
                CHECK(result.best[0].score == 30);
                CHECK(result.best[1].class_id == 2);
                CHECK(result.all == (id % 4 == 1 ? std::vector<float>{10, 30, 20} : std::vector<float>{}));
            }
        }
    }
}

TEST_CASE("a configuration that cannot be") {
    ClassifierConfig config = Config("static.om");
    config.geometry.resize_width_px = 0;
    CHECK_THROWS_AS(MakeBackend(config), std::invalid_argument);
    config = Config("static.om");
    config.geometry.resize = Resize::kShortSide;
    CHECK_THROWS_WITH(MakeBackend(config), "short_side needs a crop, of 1..4096");
    config = Config("static.om");
    config.post_process.top_k = 17;
    CHECK_THROWS_AS(MakeBackend(config), std::invalid_argument);
    config = Config("missing.om");
    CHECK_THROWS_AS(Batcher(MakeBackend(config), config.batcher, [](std::vector<Completion>) {}), DeviceError);
}

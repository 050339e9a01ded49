#include "mxclassify/classifier_config.h"

#include <doctest/doctest.h>

#include <stdexcept>

using namespace mxclassify;

namespace {
const ConfigEntries GOOD = {
    {"model_path", std::string("/models/a.om")}, {"device_id", int64_t{3}},       {"resize", std::string("short_side")},
    {"resize_width_px", int64_t{256}},           {"resize_height_px", int64_t{256}}, {"crop_width_px", int64_t{224}},
    {"crop_height_px", int64_t{192}},            {"decode", std::string("reduced")}, {"ranking", std::string("sdk")},
    {"classes", int64_t{1000}},                  {"top_k", int64_t{16}},          {"softmax", true},
    {"decoders", int64_t{5}},                    {"lanes", int64_t{2}},           {"capacity", int64_t{64}},
    {"precision", std::string("int8")},          {"latency", true},
};

ClassifierConfig With(const std::string &name, const ConfigEntry &value) {
    ConfigEntries changed = GOOD;
    changed[name] = value;
    return ConfigOf(changed);
}
}  // namespace

TEST_CASE("every entry goes where it belongs") {
    const ClassifierConfig config = ConfigOf(GOOD);
    CHECK(config.model_path == "/models/a.om");
    CHECK(config.device_id == 3);
    CHECK(config.geometry.resize == Resize::kShortSide);
    CHECK(config.geometry.resize_width_px == 256);
    CHECK(config.geometry.InputWidthPx() == 224);
    CHECK(config.geometry.InputHeightPx() == 192);
    CHECK(config.geometry.reduces_jpegs);
    CHECK_FALSE(With("decode", std::string("exact")).geometry.reduces_jpegs);
    CHECK(config.post_process.ranking == Ranking::kSdk);
    CHECK(config.post_process.classes == 1000);
    CHECK(config.post_process.top_k == 16);
    CHECK(config.post_process.softmax);
    CHECK(config.batcher.decoders == 5);
    CHECK(config.batcher.lanes == 2);
    CHECK(config.batcher.capacity == 64);
    CHECK(config.precision == "int8");
    CHECK(config.latency);
}

TEST_CASE("an entry that is left out is named") {
    for (const auto &entry : GOOD) {
        ConfigEntries some = GOOD;
        some.erase(entry.first);
        CHECK_THROWS_WITH_AS(ConfigOf(some), (entry.first + " is missing").c_str(), std::invalid_argument);
    }
}

TEST_CASE("an entry of another type is named, whichever it is") {
    for (const auto &entry : GOOD) {
        CAPTURE(entry.first);
        try {
            With(entry.first, std::monostate());
            FAIL("it was taken");
        } catch (const std::invalid_argument &error) {
            CHECK(std::string(error.what()).rfind(entry.first + " must be ", 0) == 0);
        }
    }
}

TEST_CASE("what an entry must be is told") {
    CHECK_THROWS_WITH(With("model_path", false), "model_path must be a text");
    CHECK_THROWS_WITH(With("softmax", int64_t{1}), "softmax must be true or false");
    CHECK_THROWS_WITH(With("classes", true), "classes must be a whole number from 0 to 4294967295");
    CHECK_THROWS_WITH(With("lanes", int64_t{-1}), "lanes must be a whole number from 0 to 65535");
    CHECK_THROWS_WITH(With("lanes", int64_t{65536}), "lanes must be a whole number from 0 to 65535");
    CHECK_THROWS_WITH(With("device_id", int64_t{2147483648}), "device_id must be a whole number from -2147483648 to 2147483647");
    CHECK_THROWS_WITH(With("resize", std::string("fit")), "resize must be short_side or stretch");
    CHECK_THROWS_WITH(With("decode", std::string("half")), "decode must be exact or reduced");
    CHECK_THROWS_WITH(With("more", int64_t{1}), "more is unknown");
}

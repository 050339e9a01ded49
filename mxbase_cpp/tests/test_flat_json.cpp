#include "flat_json.h"

#include <doctest/doctest.h>

#include <stdexcept>

using namespace program;

namespace {
const std::string RENDERED =
    R"({"model_path": "/models/a \"b\"\u00e9\ud83d\ude00.om", "device_id": 3, "resize": "short_side", "resize_width_px": 256,
        "resize_height_px": 256, "crop_width_px": 224, "crop_height_px": 224, "decode": "exact", "ranking": "own", "classes": 1000,
        "top_k": 16, "softmax": true, "decoders": 2, "lanes": 2, "capacity": 64, "precision": "f32", "latency": false})";
}  // namespace

TEST_CASE("a configuration as it is rendered") {
    const auto config = mxclassify::ConfigOf(ParseFlatJson(RENDERED));
    CHECK(config.model_path == "/models/a \"b\"\xc3\xa9\xf0\x9f\x98\x80.om");
    CHECK(config.device_id == 3);
    CHECK(config.post_process.softmax);
    CHECK(config.precision == "f32");
}

TEST_CASE("a text that is not a flat object") {
    CHECK(ParseFlatJson(" {} \n").empty());
    CHECK(std::get<int64_t>(ParseFlatJson("{\"n\":-9223372036854775807}").at("n")) == -9223372036854775807);
    for (const char *text : {"", "{", "[]", "{\"a\"}", "{\"a\":}", "{\"a\":1.5}", "{\"a\":null}", "{\"a\":{}}", "{\"a\":1,}", "{\"a\":1} x",
                             "{\"a\":1,\"a\":2}", "{\"a\":9223372036854775808}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}",
                             "{\"a\":\"\\ud800\"}", "{\"a\":\"\\udc00\"}", "{\"a\":\"\\", "{\"a\":\"\n\"}", "{\"a\":\"open"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(ParseFlatJson(text), std::invalid_argument);
    }
}

TEST_CASE("no text cut or changed anywhere reads beyond its end") {
    for (size_t at = 0; at < RENDERED.size(); ++at) {
        CHECK_THROWS_AS(ParseFlatJson(RENDERED.substr(0, at)), std::invalid_argument);
        for (const char other : {'\0', '"', '\\', '{', 'u', '9'}) {
            std::string changed = RENDERED;
            changed[at] = other;
            try {
                ParseFlatJson(changed);
            } catch (const std::invalid_argument &) {
            }
        }
    }
}

#include "wide_model.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string>

using namespace MxCpu;
using std::chrono::milliseconds;

namespace {
ov::CompiledModel Narrow() {
    ov::Core core;
    return core.compile_model(core.read_model(std::string(TEST_MODELS) + "/static.onnx"), "CPU",
                              ov::hint::inference_precision(ov::element::f32),
                              ov::hint::performance_mode(ov::hint::PerformanceMode::THROUGHPUT));
}

std::unique_lock<std::mutex> Made(WideModel &wide, const ov::CompiledModel &narrow) {
    for (int tries = 0; tries < 3000; ++tries) {
        wide.Make(narrow);
        if (auto taken = wide.Take()) return taken;
        std::this_thread::sleep_for(milliseconds(10));
    }
    return {};
}
}  // namespace

TEST_CASE("the scores of both are equal to the last bit, and one caller has it at a time") {
    ov::CompiledModel narrow = Narrow();
    WideModel wide(milliseconds(0));
    auto taken = Made(wide, narrow);
    REQUIRE(taken.owns_lock());
    std::thread([&wide] { CHECK_FALSE(wide.Take().owns_lock()); }).join();
    ov::InferRequest one = narrow.create_infer_request();
    for (ov::InferRequest *request : {&one, &wide.Request()}) {
        auto *pixels = request->get_input_tensor().data<uint8_t>();
        std::iota(pixels, pixels + request->get_input_tensor().get_byte_size(), uint8_t{3});
        request->infer();
    }
    const ov::Tensor scores = one.get_output_tensor();
    CHECK(scores.get_byte_size() == 3 * sizeof(float));
    CHECK(std::memcmp(scores.data(), wide.Request().get_output_tensor().data(), scores.get_byte_size()) == 0);
    CHECK(scores.data<float>()[0] > 0);
    taken.unlock();
    CHECK(wide.Take().owns_lock());
}

TEST_CASE("not before it is due, and its thread ends with it") {
    const ov::CompiledModel narrow = Narrow();
    WideModel late(std::chrono::hours(1));
    late.Make(narrow);
    CHECK_FALSE(late.Take().owns_lock());
    WideModel forgotten(milliseconds(0));
    forgotten.Make(narrow);
}

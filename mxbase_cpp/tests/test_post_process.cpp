#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "mxclassify/device.h"
#include "mxclassify/post_process.h"
#include "table_softmax.h"

using namespace mxclassify;

namespace {
MxBase::TensorBase Scores(std::vector<float> &values, uint32_t images) {
    const size_t bytes = values.size() * sizeof(float);
    const MxBase::MemoryData memory(values.data(), bytes, MxBase::MemoryData::MEMORY_HOST_NEW, -1);
    return {memory, true, {images, static_cast<uint32_t>(values.size()) / images}, MxBase::TENSOR_DTYPE_FLOAT32};
}

BatchScores Processed(Ranking ranking, std::vector<float> values, uint32_t images, bool softmax, const std::vector<bool> &full) {
    const uint32_t classes = static_cast<uint32_t>(values.size()) / images;
    return MakePostProcess({ranking, classes, 16, softmax})->Process(Scores(values, images), images, full);
}

std::vector<std::vector<ClassScore>> Best(Ranking ranking, const std::vector<float> &values, uint32_t images, bool softmax) {
    const BatchScores found = Processed(ranking, values, images, softmax, {});
    CHECK(found.all.empty());
    return found.best;
}
}  // namespace

TEST_CASE("our own and the SDK's give the same classes and, within the steps of its tables, the same scores") {
    std::mt19937 random(8);
    std::normal_distribution<float> logit(0, 4);
    for (const uint32_t classes : {2, 10, 17, 1000, 2000}) {
        std::vector<float> values(3 * classes);
        for (float &value : values) value = logit(random);
        for (const bool softmax : {false, true}) {
            const auto own = Best(Ranking::kOwn, values, 3, softmax);
            const auto sdk = Best(Ranking::kSdk, values, 3, softmax);
            REQUIRE(own.size() == 3);
            for (size_t image = 0; image < 3; ++image) {
                REQUIRE(own[image].size() == std::min<size_t>(classes, 16));
                REQUIRE(sdk[image].size() == own[image].size());
                for (size_t place = 0; place < own[image].size(); ++place) {
                    const ClassScore &one = own[image][place];
                    const ClassScore &other = sdk[image][place];
                    CHECK(std::abs(one.score - other.score) <= 4e-5F * std::abs(one.score));
                    if (!softmax) CHECK(one.class_id == other.class_id);
                }
            }
        }
    }
}

TEST_CASE("all scores of the images that are asked for: by class id, and those that are ranked") {
    std::mt19937 random(9);
    std::normal_distribution<float> logit(0, 4);
    constexpr size_t CLASSES = 100;
    std::vector<float> values(3 * CLASSES);
    for (float &value : values) value = logit(random);
    for (const bool softmax : {false, true}) {
        std::vector<float> expected(values.begin() + 2 * CLASSES, values.end());
        if (softmax) Softmax(expected);
        for (const Ranking ranking : {Ranking::kOwn, Ranking::kSdk}) {
            const BatchScores found = Processed(ranking, values, 3, softmax, {false, false, true});
            REQUIRE(found.best.size() == 3);
            REQUIRE(found.all.size() == 3);
            CHECK(found.all[0].empty());
            CHECK(found.all[1].empty());
            CHECK(found.all[2] == expected);
            for (const auto &[class_id, score] : found.best[2]) {
                const float steps = ranking == Ranking::kSdk ? 4e-5F * std::abs(score) : 0;
                CHECK(std::abs(found.all[2][static_cast<size_t>(class_id)] - score) <= steps);
            }
        }
    }
}

TEST_CASE("where the vendor's softmax overflows ours does not") {
    CHECK(std::isnan(Best(Ranking::kSdk, {100, 99}, 1, true)[0][0].score));
    CHECK(Best(Ranking::kOwn, {100, 99}, 1, true)[0][0].score == doctest::Approx(0.731059));
}

TEST_CASE("table softmax: exact steps, small sums left alone") {
    std::vector<float> even{0, 0, 0, 0};
    MxCpu::TableSoftmax(even);
    CHECK(even == std::vector<float>{0.25F, 0.25F, 0.25F, 0.25F});
    std::vector<float> tiny{-200, -201};
    MxCpu::TableSoftmax(tiny);
    CHECK(tiny == std::vector<float>{-200, -201});
}

TEST_CASE("another tensor than the configuration says is refused") {
    std::vector<float> values(6);
    const auto process = MakePostProcess({Ranking::kSdk, 4, 2, false});
    CHECK_THROWS_WITH_AS(process->Process(Scores(values, 2), 2, {}), "Resnet50PostProcess failed (code 1004)", DeviceError);
}

TEST_CASE("configuration and labels of the SDK's class") {
    MxBase::Resnet50PostProcess process;
    PostProcessConfig config;
    config["postProcessConfigContent"] = ConfigValue("{\"CLASS_NUM\": \"3\", \"TOP_K\": \"99\", \"SOFTMAX\": \"FALSE\"}");
    config["labelPath"] = ConfigValue(std::string(TEST_MODELS) + "/three.names");
    REQUIRE(process.Init(config) == APP_ERR_OK);
    std::vector<float> values{1, 3, 2};
    std::vector<std::vector<MxBase::ClassInfo>> found;
    REQUIRE(process.Process({Scores(values, 1)}, found) == APP_ERR_OK);
    REQUIRE(found[0].size() == 3);  // TOP_K is cut to 16, and then to the classes
    CHECK(found[0][0].className == "green");
    CHECK(found[0][2].classId == 0);
    MxBase::Resnet50PostProcess wrong;
    config["postProcessConfigContent"] = ConfigValue("CLASS_NUM=3");
    CHECK(wrong.Init(config) == APP_ERR_COMM_INVALID_PARAM);
}

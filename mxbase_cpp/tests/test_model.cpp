#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>
#include <thread>

#include "mxclassify/device.h"
#include "mxclassify/network.h"
#include "mxclassify/vendor_api.h"

using namespace MxBase;

namespace {
constexpr size_t IMAGE_BYTES = 4 * 6 * 3;
const std::string MODELS = TEST_MODELS;

TensorBase Bytes(size_t size) {
    TensorBase tensor({static_cast<uint32_t>(size)}, TENSOR_DTYPE_UINT8, MemoryData::MEMORY_DEVICE, 0);
    REQUIRE(TensorBase::TensorBaseMalloc(tensor) == APP_ERR_OK);
    return tensor;
}

struct Loaded {
    explicit Loaded(const std::string &name) {
        mxclassify::UseDevice(0);
        REQUIRE(model.Init(MODELS + "/" + name, desc) == APP_ERR_OK);
        for (const auto &input : desc.inputTensors) inputs.push_back(Bytes(input.tensorSize));
        for (const auto &output : desc.outputTensors) outputs.push_back(Bytes(output.tensorSize));
    }

    APP_ERROR Infer(DynamicType type, size_t batch) {
        DynamicInfo info = {};
        info.dynamicType = type;
        info.batchSize = batch;
        return model.ModelInference(inputs, outputs, info);
    }

    ModelInferenceProcessor model;
    ModelDesc desc{};
    std::vector<TensorBase> inputs;
    std::vector<TensorBase> outputs;
};
}  // namespace

TEST_CASE("a static model says what it is") {
    Loaded loaded("static.om");  // which is static.onnx here
    CHECK_FALSE(loaded.desc.dynamicBatch);
    CHECK(loaded.desc.batchSizes == std::vector<size_t>{1});
    CHECK(loaded.desc.inputTensors.size() == 1);
    CHECK(loaded.desc.inputTensors[0].tensorDims == std::vector<int64_t>{1, 4, 6, 3});
    CHECK(loaded.desc.inputTensors[0].tensorSize == IMAGE_BYTES);
    CHECK(loaded.desc.outputTensors[0].tensorDims == std::vector<int64_t>{1, 3});
    CHECK(loaded.model.GetOutputDataType() == std::vector<TensorDataType>{TENSOR_DTYPE_FLOAT32});
}

TEST_CASE("a model with gears has an input more, and -1 for its batch") {
    Loaded loaded("gears.onnx");
    CHECK(loaded.desc.dynamicBatch);
    CHECK(loaded.desc.batchSizes == std::vector<size_t>{1, 2, 4});
    CHECK(loaded.desc.inputTensors[0].tensorDims == std::vector<int64_t>{-1, 4, 6, 3});
    CHECK(loaded.desc.inputTensors[0].tensorSize == 4 * IMAGE_BYTES);
    CHECK(loaded.desc.inputTensors[1].tensorName == "ascend_mbatch_shape_data");
    CHECK(loaded.desc.outputTensors[0].tensorDims == std::vector<int64_t>{4, 3});
}

TEST_CASE("DynamicInfo means dynamic batch unless it is told otherwise") {
    CHECK(DynamicInfo{}.dynamicType == DYNAMIC_BATCH);
    Loaded fixed("static.onnx");
    CHECK(fixed.Infer(DYNAMIC_BATCH, 1) == APP_ERR_ACL_FAILURE);
    CHECK(fixed.Infer(STATIC_BATCH, 0) == APP_ERR_OK);
    CHECK(fixed.Infer(DYNAMIC_HW, 7) == APP_ERR_OK);  // anything but a dynamic batch is static to this class
    Loaded gears("gears.onnx");
    CHECK(gears.Infer(STATIC_BATCH, 1) == APP_ERR_ACL_FAILURE);
    CHECK(gears.Infer(DYNAMIC_BATCH, 2) == APP_ERR_OK);
    CHECK(gears.Infer(DYNAMIC_BATCH, 3) == APP_ERR_ACL_FAILURE);
}

TEST_CASE("tensors too few, too small or on the host are refused") {
    Loaded loaded("gears.onnx");
    const auto inputs = loaded.inputs;
    loaded.inputs.clear();
    CHECK(loaded.Infer(DYNAMIC_BATCH, 1) == APP_ERR_COMM_INVALID_PARAM);
    loaded.inputs = {inputs[0]};
    CHECK(loaded.Infer(DYNAMIC_BATCH, 1) == APP_ERR_ACL_FAILURE);
    loaded.inputs = {Bytes(IMAGE_BYTES), inputs[1]};
    CHECK(loaded.Infer(DYNAMIC_BATCH, 1) == APP_ERR_OK);
    CHECK(loaded.Infer(DYNAMIC_BATCH, 2) == APP_ERR_ACL_FAILURE);
    REQUIRE(loaded.inputs[0].ToHost() == APP_ERR_OK);
    CHECK(loaded.Infer(DYNAMIC_BATCH, 1) == APP_ERR_ACL_FAILURE);
}

TEST_CASE("what cannot be loaded") {
    mxclassify::UseDevice(0);
    ModelDesc desc{};
    CHECK(ModelInferenceProcessor().Init(MODELS + "/missing.om", desc) == APP_ERR_COMM_NO_EXIST);
    CHECK(ModelInferenceProcessor().Init(MODELS + "/broken.onnx", desc) == APP_ERR_ACL_FAILURE);
    CHECK(ModelInferenceProcessor().Init(MODELS + "/no_gears.onnx", desc) == APP_ERR_ACL_FAILURE);
    CHECK(ModelInferenceProcessor().Init(MODELS, desc) == APP_ERR_COMM_NO_EXIST);
    CHECK(ModelInferenceProcessor().DeInit() == APP_ERR_ACL_FAILURE);
    std::thread([&desc] { CHECK(ModelInferenceProcessor().Init(MODELS + "/static.onnx", desc) == APP_ERR_ACL_FAILURE); }).join();
}

TEST_CASE("a second Init does nothing, and nothing runs after DeInit") {
    Loaded loaded("static.onnx");
    CHECK(loaded.model.Init(MODELS + "/missing.om", loaded.desc) == APP_ERR_OK);
    CHECK(loaded.model.DeInit() == APP_ERR_OK);
    CHECK(loaded.Infer(STATIC_BATCH, 0) == APP_ERR_ACL_FAILURE);
}

TEST_CASE("the network runs every gear, and a filled place has nothing of its neighbours") {
    mxclassify::UseDevice(0);
    for (const char *name : {"gears.onnx", "pair.onnx", "static.onnx"}) {
        mxclassify::Network network(MODELS + "/" + name, 0, IMAGE_BYTES, 3);
        for (const size_t gear : network.gears()) {
            std::vector<std::vector<uint8_t>> pixels;
            std::vector<const uint8_t *> images;
            for (size_t image = 0; image < gear; ++image) {
                pixels.emplace_back(IMAGE_BYTES, static_cast<uint8_t>(10 * image + gear));
            }
            for (const auto &one : pixels) images.push_back(one.data());
            TensorBase scores = network.Infer(images, gear, false);
            CHECK(scores.IsDevice());
            CHECK(scores.GetShape() == std::vector<uint32_t>{static_cast<uint32_t>(gear), 3});
            REQUIRE(scores.ToHost() == APP_ERR_OK);
            for (size_t image = 0; image < gear; ++image) {
                CHECK(static_cast<float *>(scores.GetBuffer())[3 * image] == static_cast<float>(10 * image + gear));
            }
        }
    }
}

TEST_CASE("a network infers in the precision that it is given") {
    mxclassify::UseDevice(0);
    using mxclassify::Network;
    const auto first_score = [](const std::string &precision, uint8_t level) {
        Network network(MODELS + "/static.onnx", 0, IMAGE_BYTES, 3, precision);
        const std::vector<uint8_t> pixels(IMAGE_BYTES, level);
        TensorBase scores = network.Infer({pixels.data()}, 1, false);
        REQUIRE(scores.ToHost() == APP_ERR_OK);
        return static_cast<float *>(scores.GetBuffer())[0];
    };
    CHECK(first_score("f32", 201) == 201.0F);
    CHECK(first_score("", 201) == 201.0F);
    CHECK(first_score("int8", 201) == 201.0F);  // the file is float32
    CHECK(std::abs(first_score("bf16", 201) - 201.0F) <= 1.0F);
    CHECK(first_score("f32", 201) == 201.0F);  // each precision is a model of its own
    CHECK_THROWS_WITH_AS(first_score("f16", 1), "precision must be f32, bf16 or int8, not 'f16'", std::invalid_argument);
}

TEST_CASE("a model that does not fit is refused in words") {
    mxclassify::UseDevice(0);
    using mxclassify::DeviceError;
    using mxclassify::Network;
    CHECK_THROWS_WITH_AS(Network(MODELS + "/gears.onnx", 0, 5, 3), "the model takes 72 bytes an image, not 5 (code 1004)", DeviceError);
    CHECK_THROWS_WITH_AS(Network(MODELS + "/gears.onnx", 0, IMAGE_BYTES, 4),
                         "the first output of the model is not 4 FP32 scores an image (code 1004)", DeviceError);
    CHECK_THROWS_AS(Network(MODELS + "/integers.onnx", 0, IMAGE_BYTES, 3), DeviceError);
}

#include "mxclassify/classifier.h"

#include <opencv2/core.hpp>
#include <stdexcept>

#include "mxclassify/clock.h"
#include "mxclassify/device.h"
#include "mxclassify/network.h"
#include "mxclassify/post_process.h"

namespace mxclassify {
namespace {
constexpr int MAX_SIDE_PX = 4096;
constexpr uint32_t MAX_CLASSES = 2000;  // Resnet50PostProcess clamps here
constexpr uint32_t MAX_TOP_K = 16;      // and TOP_K here

size_t BytesOf(const Geometry &geometry) {
    return size_t{3} * static_cast<size_t>(geometry.InputWidthPx()) * static_cast<size_t>(geometry.InputHeightPx());
}

class NetworkLane : public Lane {
public:
    explicit NetworkLane(const ClassifierConfig &config)
        : network_(config.model_path, config.device_id, BytesOf(config.geometry), config.post_process.classes, config.precision),
          post_process_(MakePostProcess(config.post_process)),
          latency_(config.latency) {}

    const std::vector<size_t> &gears() const override { return network_.gears(); }

    Inferred Run(const std::vector<const uint8_t *> &images, size_t gear, const std::vector<bool> &full, bool alone) override {
        Inferred inferred;
        const double started_s = Now();
        const MxBase::TensorBase scores = network_.Infer(images, gear, alone && latency_);
        const double inferred_s = Now();
        BatchScores found = post_process_->Process(scores, images.size(), full);
        inferred.best = std::move(found.best);
        inferred.all = std::move(found.all);
        inferred.infer_s = inferred_s - started_s;
        inferred.postprocess_s = Now() - inferred_s;
        return inferred;
    }

private:
    Network network_;
    std::unique_ptr<PostProcess> post_process_;
    bool latency_;
};

class ClassifierBackend : public Backend {
public:
    explicit ClassifierBackend(ClassifierConfig config) : config_(std::move(config)) {}

    Picture Prepare(const Bytes &image) override { return mxclassify::Prepare(image, config_.geometry); }

    size_t ImageBytes() const override { return BytesOf(config_.geometry); }

    std::unique_ptr<Lane> OpenLane() override {
        UseDevice(config_.device_id);
        return std::make_unique<NetworkLane>(config_);
    }

private:
    ClassifierConfig config_;
};

void Require(bool holds, const char *what) {
    if (!holds) {
        throw std::invalid_argument(what);
    }
}
}  // namespace

std::shared_ptr<Backend> MakeBackend(const ClassifierConfig &config) {
    const auto side = [](int px) { return px > 0 && px <= MAX_SIDE_PX; };
    const Geometry &geometry = config.geometry;
    Require(side(geometry.resize_width_px) && side(geometry.resize_height_px), "the size to resize to is outside 1..4096");
    Require(side(geometry.InputWidthPx()) && side(geometry.InputHeightPx()), "short_side needs a crop, of 1..4096");
    Require(geometry.resize == Resize::kStretch || geometry.resize_width_px == geometry.resize_height_px,
            "short_side needs one length (width = height)");
    Require(config.post_process.classes > 0 && config.post_process.classes <= MAX_CLASSES, "classes is outside 1..2000");
    Require(config.post_process.top_k > 0 && config.post_process.top_k <= MAX_TOP_K, "top_k is outside 1..16");
    cv::setNumThreads(0);  // the pool decodes in parallel; threads inside one image would only compete with it
    return std::make_shared<ClassifierBackend>(config);
}
}  // namespace mxclassify

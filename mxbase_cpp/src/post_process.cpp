#include "mxclassify/post_process.h"

#include "mxclassify/device.h"

namespace mxclassify {
namespace {
// The scores on the host, unchanged from the network.
const float *OnHost(MxBase::TensorBase &scores) {
    Check(scores.ToHost(), "the scores cannot be copied from the device");
    return static_cast<const float *>(scores.GetBuffer());
}

std::vector<float> OfImage(const float *values, size_t image, const PostProcessOptions &options) {
    const float *const start = values + image * options.classes;
    std::vector<float> one(start, start + options.classes);
    if (options.softmax) {
        Softmax(one);
    }
    return one;
}

class OwnPostProcess : public PostProcess {
public:
    explicit OwnPostProcess(const PostProcessOptions &options) : options_(options) {}

    BatchScores Process(const MxBase::TensorBase &scores, size_t images, const std::vector<bool> &full) override {
        MxBase::TensorBase host = scores;
        const float *const values = OnHost(host);
        BatchScores found;
        found.all.resize(full.size());
        for (size_t image = 0; image < images; ++image) {
            std::vector<float> one = OfImage(values, image, options_);
            found.best.push_back(Ranked(one, options_.top_k));
            if (image < full.size() && full[image]) {
                found.all[image] = std::move(one);
            }
        }
        return found;
    }

private:
    PostProcessOptions options_;
};

class SdkPostProcess : public PostProcess {
public:
    explicit SdkPostProcess(const PostProcessOptions &options) : options_(options) {
        const std::string content = "{\"CLASS_NUM\":\"" + std::to_string(options.classes) + "\",\"TOP_K\":\"" +
                                    std::to_string(options.top_k) + "\",\"SOFTMAX\":\"" + (options.softmax ? "true" : "false") + "\"}";
        PostProcessConfig config;
        config["postProcessConfigContent"] = ConfigValue(content);
        Check(process_.Init(config), "Resnet50PostProcess cannot be initialised");
    }

    ~SdkPostProcess() override { process_.DeInit(); }

    BatchScores Process(const MxBase::TensorBase &scores, size_t images, const std::vector<bool> &full) override {
        std::vector<std::vector<MxBase::ClassInfo>> ranked;
        Check(process_.Process({scores}, ranked), "Resnet50PostProcess failed");
        ranked.resize(images);
        BatchScores found;
        for (const auto &classes : ranked) {
            auto &one = found.best.emplace_back();
            for (const auto &info : classes) {
                one.push_back({info.classId, info.confidence});
            }
        }
        if (!full.empty()) {
            found.all = All(scores, full);
        }
        return found;
    }

private:
    std::vector<std::vector<float>> All(MxBase::TensorBase scores, const std::vector<bool> &full) const {
        const float *const values = OnHost(scores);
        std::vector<std::vector<float>> all(full.size());
        for (size_t image = 0; image < full.size(); ++image) {
            if (full[image]) {
                all[image] = OfImage(values, image, options_);
            }
        }
        return all;
    }

    PostProcessOptions options_;
    MxBase::Resnet50PostProcess process_;
};
}  // namespace

std::unique_ptr<PostProcess> MakePostProcess(const PostProcessOptions &options) {
    if (options.ranking == Ranking::kSdk) {
        return std::make_unique<SdkPostProcess>(options);
    }
    return std::make_unique<OwnPostProcess>(options);
}
}  // namespace mxclassify

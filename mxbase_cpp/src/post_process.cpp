#include "mxclassify/post_process.h"

#include "mxclassify/device.h"

namespace mxclassify {
namespace {
class OwnPostProcess : public PostProcess {
public:
    explicit OwnPostProcess(const PostProcessOptions &options) : options_(options) {}

    std::vector<std::vector<ClassScore>> Best(const MxBase::TensorBase &scores, size_t images) override {
        MxBase::TensorBase host = scores;
        Check(host.ToHost(), "the scores cannot be copied from the device");
        const auto *values = static_cast<const float *>(host.GetBuffer());
        std::vector<std::vector<ClassScore>> best;
        for (size_t image = 0; image < images; ++image, values += options_.classes) {
            std::vector<float> one(values, values + options_.classes);
            if (options_.softmax) {
                Softmax(one);
            }
            best.push_back(Ranked(one, options_.top_k));
        }
        return best;
    }

private:
    PostProcessOptions options_;
};

class SdkPostProcess : public PostProcess {
public:
    explicit SdkPostProcess(const PostProcessOptions &options) {
        const std::string content = "{\"CLASS_NUM\":\"" + std::to_string(options.classes) + "\",\"TOP_K\":\"" +
                                    std::to_string(options.top_k) + "\",\"SOFTMAX\":\"" + (options.softmax ? "true" : "false") + "\"}";
        PostProcessConfig config;
        config["postProcessConfigContent"] = ConfigValue(content);
        Check(process_.Init(config), "Resnet50PostProcess cannot be initialised");
    }

    ~SdkPostProcess() override { process_.DeInit(); }

    std::vector<std::vector<ClassScore>> Best(const MxBase::TensorBase &scores, size_t images) override {
        std::vector<std::vector<MxBase::ClassInfo>> found;
        Check(process_.Process({scores}, found), "Resnet50PostProcess failed");
        found.resize(images);
        std::vector<std::vector<ClassScore>> best;
        for (const auto &classes : found) {
            auto &one = best.emplace_back();
            for (const auto &info : classes) {
                one.push_back({info.classId, info.confidence});
            }
        }
        return best;
    }

private:
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

#include "ClassPostProcessors/Resnet50PostProcess.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "post_config.h"
#include "table_softmax.h"

namespace MxBase {
namespace {
constexpr uint32_t MAX_CLASSES = 2000;
constexpr uint32_t MAX_TOP_K = 16;
constexpr uint32_t MAX_BATCH = 2048;
constexpr uint32_t ELEMENT_BYTES = 4;

std::string Value(const PostConfig &config, const std::string &key) {
    const auto found = config.find(key);
    return found == config.end() ? "" : TextOf(found->second);
}
}  // namespace

Resnet50PostProcess::Resnet50PostProcess() = default;

APP_ERROR Resnet50PostProcess::Init(const PostConfig &postConfig) {
    if (isInitConfig_) {
        return APP_ERR_OK;
    }
    const auto values = MxCpu::ParseStrings(Value(postConfig, "postProcessConfigContent"));
    if (!values) {
        return APP_ERR_COMM_INVALID_PARAM;
    }
    const std::string labelPath = Value(postConfig, "labelPath");
    if (!labelPath.empty()) {
        const auto labels = MxCpu::ReadLabels(labelPath);
        if (!labels) {
            return APP_ERR_COMM_NO_EXIST;
        }
        labels_ = *labels;
    }
    softmax_ = MxCpu::Flag(*values, "SOFTMAX");
    classNum_ = MxCpu::Number(*values, "CLASS_NUM", MAX_CLASSES, classNum_);
    topK_ = MxCpu::Number(*values, "TOP_K", MAX_TOP_K, topK_);
    isInitConfig_ = true;
    return APP_ERR_OK;
}

APP_ERROR Resnet50PostProcess::DeInit() { return APP_ERR_OK; }

APP_ERROR Resnet50PostProcess::Process(const std::vector<TensorBase> &tensors, std::vector<std::vector<ClassInfo>> &classInfos,
                                       const std::map<std::string, std::shared_ptr<void>> &) {
    if (tensors.empty()) {
        return APP_ERR_COMM_INVALID_PARAM;
    }
    TensorBase scores = tensors[0];
    const APP_ERROR ret = scores.ToHost();
    if (ret != APP_ERR_OK) {
        return ret;
    }
    const std::vector<uint32_t> shape = scores.GetShape();
    if (scores.GetDataTypeSize() != ELEMENT_BYTES || shape.size() < 2 || shape[1] != classNum_ || shape[0] > MAX_BATCH) {
        return APP_ERR_COMM_INVALID_PARAM;
    }
    if (scores.GetBuffer() == nullptr) {
        return APP_ERR_COMM_INVALID_POINTER;
    }
    const auto *values = static_cast<const float *>(scores.GetBuffer());
    for (uint32_t image = 0; image < shape[0]; ++image, values += classNum_) {
        std::vector<float> one(values, values + classNum_);
        if (softmax_) {
            MxCpu::TableSoftmax(one);
        }
        std::vector<uint32_t> order(classNum_);
        std::iota(order.begin(), order.end(), 0);
        // The vendor's std::sort has undefined behaviour for NaN; here NaN comes last.
        const auto better = [&one](uint32_t a, uint32_t b) { return one[a] > one[b] || (std::isnan(one[b]) && !std::isnan(one[a])); };
        std::sort(order.begin(), order.end(), better);
        std::vector<ClassInfo> best;
        for (uint32_t place = 0; place < std::min(topK_, classNum_); ++place) {
            const uint32_t id = order[place];
            best.push_back({static_cast<int>(id), one[id], id < labels_.size() ? labels_[id] : ""});
        }
        classInfos.push_back(best);
    }
    return APP_ERR_OK;
}
}  // namespace MxBase

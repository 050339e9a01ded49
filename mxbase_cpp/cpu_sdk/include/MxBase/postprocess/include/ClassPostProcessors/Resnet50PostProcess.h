// Scores to the best classes, like the vendor's libresnet50postprocess.so: table softmax, std::sort.
#ifndef CPU_SDK_RESNET50_POST_PROCESS_H
#define CPU_SDK_RESNET50_POST_PROCESS_H

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "MxBase/ErrorCode/ErrorCode.h"
#include "MxBase/PostProcessBases/PostConfig.h"
#include "MxBase/PostProcessBases/PostProcessDataType.h"
#include "MxBase/Tensor/TensorBase/TensorBase.h"

namespace MxBase {
class Resnet50PostProcess {
public:
    Resnet50PostProcess();
    virtual ~Resnet50PostProcess() = default;

    // Keys: postProcessConfigContent, a JSON object of strings (SOFTMAX, CLASS_NUM to 2000, TOP_K to 16; beyond, the bound), and
    // labelPath. 1004 for text that is not such an object, 1016 for a missing file of labels. A second call does nothing.
    virtual APP_ERROR Init(const PostConfig &postConfig);
    virtual APP_ERROR DeInit();
    // Tensor 0, {batch, CLASS_NUM, ...} of four-byte elements, host or device → one vector per image, best first, appended.
    // 1004 for another tensor; the order of equal scores is std::sort's.
    virtual APP_ERROR Process(const std::vector<TensorBase> &tensors, std::vector<std::vector<ClassInfo>> &classInfos,
                              const std::map<std::string, std::shared_ptr<void>> &configParamMap = {});

private:
    std::vector<std::string> labels_;
    uint32_t classNum_ = 0;
    uint32_t topK_ = 1;
    bool softmax_ = false;
    bool isInitConfig_ = false;
};
}  // namespace MxBase

#endif

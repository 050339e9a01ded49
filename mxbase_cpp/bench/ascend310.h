// The vendor's published figures of ResNets on one Ascend 310: images per second by batch size, inference only.
// gitee.com/ascend/ModelZoo-PyTorch, ACL_PyTorch/contrib/cv/classfication: ResNext101_32x8d, Se-Resnext101, ResNet101 (their READMEs).
#pragma once

#include <map>
#include <string>
#include <vector>

namespace bench {
struct Published {
    std::string model;
    std::map<size_t, double> rate_by_batch;
};

inline const std::vector<Published> &Ascend310() {
    static const std::vector<Published> published = {
        {"SE-ResNeXt101_32x4d", {{1, 101.1}, {4, 143.9}, {8, 162.0}, {16, 175.5}}},
        {"ResNeXt101_32x8d", {{1, 144.8}, {4, 167.5}, {8, 167.5}, {16, 166.0}, {32, 108.3}}},
        {"ResNet101", {{1, 247.9}, {4, 331.1}, {8, 371.9}, {16, 401.0}, {32, 370.5}}},
    };
    return published;
}
}  // namespace bench

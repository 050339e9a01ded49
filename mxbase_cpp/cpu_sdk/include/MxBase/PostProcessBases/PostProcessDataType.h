// What a post-process finds.
#ifndef HOST_SDK_POST_PROCESS_DATA_TYPE_H
#define HOST_SDK_POST_PROCESS_DATA_TYPE_H

#include <string>

namespace MxBase {
class ClassInfo {
public:
    int classId;
    float confidence;
    std::string className;
};
}  // namespace MxBase

#endif

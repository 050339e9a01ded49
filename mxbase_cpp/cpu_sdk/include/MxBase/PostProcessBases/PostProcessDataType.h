// The result of a post-process.
#ifndef CPU_SDK_POST_PROCESS_DATA_TYPE_H
#define CPU_SDK_POST_PROCESS_DATA_TYPE_H

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

// The arguments of a post-process's Init in 7.x.
#ifndef CPU_SDK_POST_CONFIG_H
#define CPU_SDK_POST_CONFIG_H

#include <map>
#include <string>

namespace MxBase {
using PostConfig = std::map<std::string, std::string>;

inline std::string TextOf(const std::string &value) { return value; }
}  // namespace MxBase

#endif

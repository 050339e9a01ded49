// The arguments of a post-process's Init in 2.0.2: std::string behind untyped pointers.
#ifndef CPU_SDK_POST_CONFIG_H
#define CPU_SDK_POST_CONFIG_H

#include <map>
#include <memory>
#include <string>

namespace MxBase {
using PostConfig = std::map<std::string, std::shared_ptr<void>>;

inline std::string TextOf(const std::shared_ptr<void> &value) { return value ? *std::static_pointer_cast<std::string>(value) : ""; }
}  // namespace MxBase

#endif

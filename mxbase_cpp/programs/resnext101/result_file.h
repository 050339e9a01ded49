// The result files of the SDK's samples: <image>_1.txt, its class ids, best first, each followed by a blank.
#pragma once

#include <string>
#include <vector>

#include "mxclassify/ranking.h"

namespace program {
// FOLDER/<stem of the image>_1.txt
std::string ResultPath(const std::string &folder, const std::string &image);

// Writes the complete file or none; throws std::runtime_error.
void WriteResult(const std::string &path, const std::vector<mxclassify::ClassScore> &best);
}  // namespace program

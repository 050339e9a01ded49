// The images of a folder.
#pragma once

#include <string>
#include <vector>

#include "mxclassify/picture.h"

namespace program {
// The image files in a folder and below it, by path. Throws std::runtime_error if the folder or its images do not exist, or if two
// images have the same result file.
std::vector<std::string> ListImages(const std::string &folder);

// Throws std::runtime_error for a file that cannot be read or is too large for an image.
mxclassify::Bytes ReadImage(const std::string &path);
}  // namespace program

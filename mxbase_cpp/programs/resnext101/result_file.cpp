#include "result_file.h"

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace program {
namespace fs = std::filesystem;

std::string ResultPath(const std::string &folder, const std::string &image) {
    return (fs::path(folder) / (fs::path(image).stem().string() + "_1.txt")).string();
}

void WriteResult(const std::string &path, const std::vector<mxclassify::ClassScore> &best) {
    const fs::path place(path), part = place.parent_path() / ("." + place.filename().string() + ".part");
    std::ofstream file(part);
    for (const auto &one : best) file << one.class_id << ' ';
    file << '\n';
    file.close();
    std::error_code failed;
    if (file) fs::rename(part, place, failed);
    if (!file || failed) {
        fs::remove(part, failed);
        throw std::runtime_error(path + " cannot be written");
    }
}
}  // namespace program

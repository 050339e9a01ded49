#include "image_files.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <stdexcept>

namespace program {
namespace fs = std::filesystem;

namespace {
constexpr uintmax_t MAX_BYTES = uintmax_t{64} << 20;
const std::set<std::string> SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"};

bool IsImage(const fs::directory_entry &entry) {
    std::string suffix = entry.path().extension().string();
    std::transform(suffix.begin(), suffix.end(), suffix.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return SUFFIXES.count(suffix) > 0 && entry.is_regular_file();
}
}  // namespace

std::vector<std::string> ListImages(const std::string &folder) {
    if (!fs::is_directory(folder)) throw std::runtime_error(folder + " is not a folder");
    std::map<std::string, std::string> by_stem;
    for (const auto &entry : fs::recursive_directory_iterator(folder)) {
        if (!IsImage(entry)) continue;
        const auto [other, is_new] = by_stem.emplace(entry.path().stem().string(), entry.path().string());
        if (!is_new) {
            throw std::runtime_error(other->second + " and " + entry.path().string() + " have the same result file; rename one of them");
        }
    }
    if (by_stem.empty()) throw std::runtime_error(folder + " holds no image (.jpg, .jpeg, .png, .webp, .bmp)");
    std::vector<std::string> images;
    for (const auto &[stem, path] : by_stem) images.push_back(path);
    std::sort(images.begin(), images.end());
    return images;
}

mxclassify::Bytes ReadImage(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    std::error_code unknown;
    const uintmax_t size = fs::file_size(path, unknown);
    if (!file || unknown) throw std::runtime_error("it cannot be read");
    if (size > MAX_BYTES) throw std::runtime_error("it has more than " + std::to_string(MAX_BYTES) + " bytes");
    mxclassify::Bytes bytes(size);
    if (!file.read(reinterpret_cast<char *>(bytes.data()), static_cast<std::streamsize>(size))) {
        throw std::runtime_error("it cannot be read");
    }
    return bytes;
}
}  // namespace program

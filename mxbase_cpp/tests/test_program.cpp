#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "image_files.h"
#include "options.h"
#include "result_file.h"

using namespace program;
namespace fs = std::filesystem;

namespace {
struct Folder {
    Folder() : path(fs::temp_directory_path() / ("program-" + std::to_string(getpid()))) { fs::create_directories(path); }
    ~Folder() { fs::remove_all(path); }
    void Put(const std::string &name, const std::string &text = "bytes") const {
        fs::create_directories((path / name).parent_path());
        std::ofstream(path / name) << text;
    }
    std::string At(const std::string &name) const { return (path / name).string(); }
    fs::path path;
};
}  // namespace

TEST_CASE("flags") {
    const Options some = ParseOptions({"--top_k=3", "images", "--device", "2", "--config", "c.json", "--resume"});
    CHECK(some.images == "images");
    CHECK(some.config == "c.json");
    CHECK(some.result == "result");
    CHECK(some.top_k == 3);
    CHECK(some.device == 2);
    CHECK_FALSE(some.lanes);
    CHECK(some.resume);
    CHECK(ParseOptions({"--help"}).help);
}

TEST_CASE("wrong flags") {
    const std::vector<std::vector<std::string>> wrong = {
        {},           {"a", "b"},           {"a", "--fast"},        {"a", "--top-k"},        {"a", "--top-k", "0"}, {"a", "--top-k", "17"},
        {"a", "--top-k=x"}, {"a", "--device=-1"}, {"a", "--lanes", "99999"}, {"a", "--config="},     {"a", "--"},
    };
    for (const auto &arguments : wrong) {
        CAPTURE(arguments.size());
        CHECK_THROWS_AS(ParseOptions(arguments), UsageError);
    }
}

TEST_CASE("the images in a folder and below it") {
    const Folder folder;
    CHECK_THROWS_AS(ListImages(folder.At("none")), std::runtime_error);
    CHECK_THROWS_AS(ListImages(folder.At("")), std::runtime_error);
    folder.Put("b.JPEG");
    folder.Put("class/a.png");
    folder.Put("note.txt");
    CHECK(ListImages(folder.path.string()) == std::vector<std::string>{folder.At("b.JPEG"), folder.At("class/a.png")});
    folder.Put("other/a.webp");
    CHECK_THROWS_AS(ListImages(folder.path.string()), std::runtime_error);
}

TEST_CASE("an image is read whole, or not at all") {
    const Folder folder;
    folder.Put("a.png", "four");
    CHECK(ReadImage(folder.At("a.png")) == mxclassify::Bytes{'f', 'o', 'u', 'r'});
    CHECK_THROWS_WITH(ReadImage(folder.At("b.png")), "it cannot be read");
    CHECK_THROWS_WITH(ReadImage(folder.At("")), "it cannot be read");
    fs::resize_file(folder.At("a.png"), (uintmax_t{64} << 20) + 1);
    CHECK_THROWS_WITH(ReadImage(folder.At("a.png")), "it has more than 67108864 bytes");
}

TEST_CASE("a result file as the samples write it") {
    const Folder folder;
    const std::string path = ResultPath(folder.path.string(), "/images/ILSVRC2012_val_00000001.JPEG");
    CHECK(path == folder.At("ILSVRC2012_val_00000001_1.txt"));
    WriteResult(path, {{65, 0.5F}, {3, 0.25F}});
    std::ifstream file(path);
    CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == "65 3 \n");
    CHECK(std::distance(fs::directory_iterator(folder.path), {}) == 1);
    CHECK_THROWS_AS(WriteResult(folder.At("none/a_1.txt"), {}), std::runtime_error);
}

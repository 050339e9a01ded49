// Orientations as cv::imdecode sees them.
#include "mxclassify/exif.h"

#include <doctest/doctest.h>

#include <opencv2/imgcodecs.hpp>
#include <random>

#include "made_jpeg.h"
#include "mxclassify/jpeg.h"

using namespace mxclassify;

namespace {
constexpr uint32_t ORIENTATION = 0x112;
constexpr uint32_t MAKE = 0x10f;

struct Entry {
    uint32_t tag;
    uint32_t count;
    uint32_t value;
};

// One directory, big or little endian.
Bytes Block(const std::vector<Entry> &entries, bool little = false, size_t behind = 0) {
    Bytes block = {'E', 'x', 'i', 'f', 0, 0};
    const auto put = [&](uint32_t number, int bytes) {
        for (int place = 0; place < bytes; ++place) {
            block.push_back(static_cast<uint8_t>(number >> 8 * (little ? place : bytes - 1 - place)));
        }
    };
    block.insert(block.end(), 2, little ? 'I' : 'M');
    put(42, 2);
    put(8, 4);
    put(static_cast<uint32_t>(entries.size()), 2);
    for (const auto &[tag, count, value] : entries) {
        const bool text = tag == MAKE;
        put(tag, 2);
        put(text ? 2 : 3, 2);
        put(count, 4);
        put(value, text ? 4 : 2);
        if (!text) put(0, 2);
    }
    block.insert(block.end(), 4 + behind, 0);
    return block;
}

std::optional<int> Read(const Bytes &block) { return ExifOrientation(block.data(), block.size()); }

Bytes Turned(const Bytes &app1) {
    Making making;
    making.app1 = app1;
    return MadeJpeg(making);
}

bool Same(const cv::Mat &one, const cv::Mat &other) { return one.size() == other.size() && cv::norm(one, other, cv::NORM_INF) == 0; }
}  // namespace

TEST_CASE("all eight, in both byte orders: the pixels of OpenCV") {
    for (uint32_t orientation = 0; orientation <= 9; ++orientation) {
        for (const bool little : {false, true}) {
            const Bytes block = Block({{MAKE, 3, 0}, {ORIENTATION, 1, orientation}}, little);
            CHECK(Read(block) == (orientation >= 1 && orientation <= 8 ? int(orientation) : 1));
            const Bytes image = Turned(block);
            CHECK(Same(DecodeJpeg(image).value(), DecodeByOpenCv(image)));
        }
    }
}

TEST_CASE("what does not say, and what is not plain") {
    CHECK(Read(Block({})) == 1);
    CHECK(Read(Block({{0x11a, 1, 0}})) == 1);
    CHECK(Read(Block({{ORIENTATION, 1, 6}, {ORIENTATION, 1, 3}})) == 6);
    CHECK(Read(Block({{MAKE, 9, 26}, {ORIENTATION, 1, 6}}, true, 20)) == 6);
    CHECK_FALSE(Read(Block({{MAKE, 9000, 26}, {ORIENTATION, 1, 6}})));
    CHECK_FALSE(Read(Block({{0x11a, 1, 0}, {ORIENTATION, 1, 6}})));
    CHECK_FALSE(Read({'E', 'x', 'i', 'f', 0, 0, 'I', 'M', 0, 42, 0, 0, 0, 8, 0, 0}));
    CHECK_FALSE(Read({}));
}

TEST_CASE("mutated blocks: turned as OpenCV turns them, or left to it") {
    std::mt19937 chance(3);
    int direct = 0;
    for (int number = 0; number < 4000; ++number) {
        Bytes block = Block({{0x10e, 2, 0}, {MAKE, 9, 50}, {ORIENTATION, 1, 6}, {0x11a, 1, 0}}, chance() % 2, chance() % 30);
        for (uint32_t changes = chance() % 4; changes > 0; --changes) {
            const size_t at = chance() % 3 ? chance() % block.size() : 14 + chance() % 3 * 12;
            block[at] = static_cast<uint8_t>(chance() % 4 ? chance() % 20 : chance());
        }
        if (chance() % 4 == 0) block.resize(7 + chance() % (block.size() - 7));
        const Bytes image = Turned(block);
        const auto pixels = DecodeJpeg(image);
        direct += pixels.has_value();
        CAPTURE(number);
        CHECK((!pixels || Same(*pixels, DecodeByOpenCv(image))));
    }
    CHECK(direct > 1000);
}

TEST_CASE("a PNG and a WebP are turned as the server has written it, whatever OpenCV does") {
    cv::Mat ramp(20, 30, CV_8UC3);
    cv::randu(ramp, 0, 256);
    const auto encoded = [&](const char *kind) {
        Bytes image;
        cv::imencode(kind, ramp, image, {cv::IMWRITE_WEBP_QUALITY, 101});
        return image;
    };
    const Bytes png = encoded(".png"), frame = encoded(".webp");
    CHECK(WrittenOrientation(png) == 1);
    CHECK(WrittenOrientation(frame) == 1);
    CHECK(WrittenOrientation({}) == 1);
    for (uint8_t orientation = 0; orientation <= 9; ++orientation) {
        const Bytes block = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 18, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0};
        Bytes chunk = {0, 0, 0, 26, 'e', 'X', 'I', 'f'};
        chunk.insert(chunk.end(), block.begin(), block.end());
        chunk.insert(chunk.end(), 4, 0);  // a checksum that libpng does not ask for
        Bytes turned_png = png;
        turned_png.insert(turned_png.begin() + 33, chunk.begin(), chunk.end());
        Bytes turned_webp = frame;
        turned_webp.insert(turned_webp.begin() + 12, {'V', 'P', '8', 'X', 10, 0, 0, 0, 8, 0, 0, 0, 29, 0, 0, 19, 0, 0});
        turned_webp.insert(turned_webp.end(), {'E', 'X', 'I', 'F', 26, 0, 0, 0});
        turned_webp.insert(turned_webp.end(), block.begin(), block.end());
        const uint32_t size = static_cast<uint32_t>(turned_webp.size() - 8);
        for (size_t place = 0; place < 4; ++place) turned_webp[4 + place] = static_cast<uint8_t>(size >> 8 * place);
        const int wanted = orientation >= 1 && orientation <= 8 ? orientation : 1;
        CHECK(WrittenOrientation(turned_png) == wanted);
        CHECK(WrittenOrientation(turned_webp) == wanted);
        Bytes untold = turned_webp;
        untold[20] = 0;  // without the flag of EXIF no reader looks for it
        CHECK(WrittenOrientation(untold) == 1);
        const cv::Mat upright = Upright(ramp.clone(), wanted);
        CHECK(Same(DecodeByOpenCv(turned_webp), upright));
        CHECK(Same(DecodeByOpenCv(turned_png), upright));
    }
}

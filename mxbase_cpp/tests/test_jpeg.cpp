// The direct decoder against cv::imdecode: the same pixels, the same refusals.
#include "mxclassify/jpeg.h"

#include <doctest/doctest.h>

#include <opencv2/imgcodecs.hpp>
#include <random>

#include "made_jpeg.h"

using namespace mxclassify;

namespace {
constexpr int MUTATIONS = 400;  // of every making

// The pixels, or nothing for what is refused.
template <typename Decode>
std::optional<cv::Mat> Tried(Decode decode, const Bytes &image) {
    try {
        return decode(image);
    } catch (const Undecodable &) {
        return std::nullopt;
    }
}

const auto BY_OPENCV = [](const Bytes &image) { return DecodeByOpenCv(image); };

bool Same(const cv::Mat &one, const cv::Mat &other) { return one.size() == other.size() && cv::norm(one, other, cv::NORM_INF) == 0; }

// Whether both read the same, or both refuse; what the direct decoder leaves to OpenCV is the same. Bytes between the last row and the end
// do not count as damage for the direct decoder, but OpenCV warns of them: then the pixels must be those that it gives nevertheless.
bool Agree(const Bytes &image) {
    const auto wanted = Tried(BY_OPENCV, image);
    const auto found = Tried([](const Bytes &bytes) { return DecodeJpeg(bytes).value_or(cv::Mat()); }, image);
    if (found && found->empty()) return true;
    if (found && !wanted) return Same(*found, cv::imdecode(image, cv::IMREAD_COLOR));
    return found.has_value() == wanted.has_value() && (!found || Same(*found, *wanted));
}

void CheckDirect(const Making &making) {
    const Bytes image = MadeJpeg(making);
    for (const int denominator : {1, 2, 4, 8}) {
        const auto pixels = DecodeJpeg(image, denominator);
        REQUIRE(pixels);
        CHECK(Same(*pixels, DecodeByOpenCv(image, denominator)));
    }
}

std::vector<Making> Makings() {
    std::vector<Making> makings;
    for (const auto &[across, down] : {std::pair(1, 1), {2, 1}, {2, 2}, {1, 2}, {4, 1}, {4, 2}, {1, 4}, {3, 1}}) {
        Making making;
        making.across = across;
        making.down = down;
        makings.push_back(making);
        making.progressive = true;
        makings.push_back(making);
        making.progressive = false;
        making.restart_interval = 2;
        makings.push_back(making);
    }
    for (const J_COLOR_SPACE coded : {JCS_GRAYSCALE, JCS_RGB}) {
        Making making;
        making.coded = coded;
        making.across = making.down = 1;
        makings.push_back(making);
        making.progressive = true;
        makings.push_back(making);
    }
    return makings;
}

// One byte changed, a piece cut out, doubled or filled, or the end cut off.
Bytes Mutated(const Bytes &image, std::mt19937 &chance) {
    Bytes bytes = image;
    const auto at = [&](size_t size) { return static_cast<std::ptrdiff_t>(chance() % size); };
    for (uint32_t changes = 1 + chance() % 3; changes > 0; --changes) {
        // the header is small beside the pixels, and has as much to break
        const auto from = bytes.begin() + at(chance() % 2 ? std::min<size_t>(bytes.size(), 700) : bytes.size());
        const auto to = from + at(std::min<size_t>(40, static_cast<size_t>(bytes.end() - from)) + 1);
        const Bytes piece(from, to);
        switch (chance() % 6) {
            case 0:
                bytes.erase(from, to);
                break;
            case 1:
                bytes.insert(from, piece.begin(), piece.end());
                break;
            case 2:
                std::fill(from, to, static_cast<uint8_t>(chance()));
                break;
            case 3:
                bytes.erase(from, bytes.end());
                break;
            default:
                *from = static_cast<uint8_t>(chance());
        }
        if (bytes.size() < 4) return image;
    }
    return bytes;
}
}  // namespace

TEST_CASE("every subsampling, progressive, with restarts, grey and RGB, whole and reduced: the pixels of OpenCV") {
    for (const Making &making : Makings()) CheckDirect(making);
}

TEST_CASE("every size up to two blocks, and long and flat ones") {
    for (int width_px = 1; width_px <= 34; ++width_px) {
        for (const int height_px : {1, 2, 7, 8, 9, 15, 16, 17, 33}) {
            Making making;
            making.size = {width_px, height_px};
            CheckDirect(making);
        }
    }
    for (const cv::Size size : {cv::Size(1, 700), cv::Size(1500, 1), cv::Size(500, 375)}) {
        Making making;
        making.size = size;
        for (making.quality = 5; making.quality <= 100; making.quality += 19) CheckDirect(making);
    }
}

TEST_CASE("what it leaves to OpenCV") {
    Making making;
    making.coded = JCS_YCCK;
    CHECK_FALSE(DecodeJpeg(MadeJpeg(making)));
    making.coded = JCS_CMYK;
    CHECK_FALSE(DecodeJpeg(MadeJpeg(making)));
    making = Making();
    making.arithmetic = true;
    CHECK_FALSE(DecodeJpeg(MadeJpeg(making)));
    making = Making();
    making.app1 = {'h', 't', 't', 'p', ':', '/', '/'};
    CHECK_FALSE(DecodeJpeg(MadeJpeg(making)));
    CHECK_FALSE(DecodeJpeg({}));
    CHECK_FALSE(DecodeJpeg({0xff, 0xd8}));
    CHECK_FALSE(DecodeJpeg({0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'}));
}

TEST_CASE("without its end, in the middle of it, and with more behind it") {
    const Bytes image = MadeJpeg({});
    const auto whole = DecodeJpeg(image);
    REQUIRE(whole);
    for (const int missing : {1, 2}) {
        CHECK(Same(DecodeJpeg({image.begin(), image.end() - missing}).value(), *whole));
    }
    Bytes longer = image;
    longer.insert(longer.end(), 100, 7);
    CHECK(Same(DecodeJpeg(longer).value(), *whole));
    for (size_t kept = 3; kept + 20 < image.size(); kept += 7) {
        const Bytes cut(image.begin(), image.begin() + static_cast<std::ptrdiff_t>(kept));
        CHECK_THROWS_AS(DecodeJpeg(cut), Undecodable);
        CHECK_FALSE(Tried(BY_OPENCV, cut));
    }
}

TEST_CASE("sizes that are a lie cost nothing") {
    Bytes image = MadeJpeg({});
    for (size_t place = 0; place + 9 < image.size(); ++place) {
        if (image[place] == 0xff && image[place + 1] == 0xc0) {
            image[place + 5] = image[place + 7] = 0xff;  // the higher bytes of height and width
            image[place + 6] = image[place + 8] = 0;
            break;
        }
    }
    CHECK_THROWS_WITH_AS(DecodeJpeg(image), TOO_LARGE, Undecodable);
}

TEST_CASE("mutated: the pixels of OpenCV, or refused by both") {
    std::mt19937 chance(5);
    int read = 0;
    for (const Making &making : Makings()) {
        const Bytes image = MadeJpeg(making);
        for (int number = 0; number < MUTATIONS; ++number) {
            const Bytes mutated = Mutated(image, chance);
            CAPTURE(number);
            CAPTURE(making.across);
            CAPTURE(making.down);
            CHECK(Agree(mutated));
            read += Tried(BY_OPENCV, mutated).has_value();
        }
    }
    CHECK(read > 500);
}

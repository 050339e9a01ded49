#include "mxclassify/picture.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <iostream>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "mxclassify/decoder_warnings.h"

using namespace mxclassify;

namespace {
const Geometry STRETCH{Resize::kStretch, 8, 6, 0, 0};

cv::Mat Ramp(int width_px, int height_px) {
    cv::Mat pixels(height_px, width_px, CV_8UC3);
    for (int y = 0; y < height_px; ++y) {
        for (int x = 0; x < width_px; ++x) pixels.at<cv::Vec3b>(y, x) = cv::Vec3b(uint8_t(x), uint8_t(y), uint8_t(x + y));
    }
    return pixels;
}

Bytes Encoded(const cv::Mat &pixels, const char *ending) {
    Bytes bytes;
    REQUIRE(cv::imencode(ending, pixels, bytes));
    return bytes;
}

Bytes Of(const cv::Mat &pixels) {
    const cv::Mat tight = pixels.clone();
    return {tight.datastart, tight.dataend};
}
}  // namespace

TEST_CASE("stretched to the size of the model") {
    const cv::Mat ramp = Ramp(40, 30);
    cv::Mat wanted;
    cv::resize(ramp, wanted, cv::Size(8, 6));
    CHECK(Prepare(Encoded(ramp, ".png"), STRETCH).pixels == Of(wanted));
    CHECK(Prepare(Encoded(ramp, ".bmp"), STRETCH).pixels == Of(wanted));
}

TEST_CASE("short side, cut off and not rounded, and the middle of it") {
    const cv::Mat ramp = Ramp(40, 30);
    cv::Mat resized;
    cv::resize(ramp, resized, cv::Size(13, 10));  // 13.33
    CHECK(Prepare(Encoded(ramp, ".png"), {Resize::kShortSide, 10, 10, 8, 7}).pixels == Of(resized(cv::Rect(2, 1, 8, 7))));
}

TEST_CASE("the middle of a tall picture whose crop is as wide as it is") {
    const cv::Mat ramp = Ramp(30, 90);
    cv::Mat resized;
    cv::resize(ramp, resized, cv::Size(10, 30));
    CHECK(Prepare(Encoded(ramp, ".png"), {Resize::kShortSide, 10, 10, 10, 10}).pixels == Of(resized(cv::Rect(0, 10, 10, 10))));
}

TEST_CASE("grey and alpha become three channels") {
    CHECK(Prepare(Encoded(cv::Mat(9, 9, CV_8UC1, cv::Scalar(77)), ".png"), STRETCH).pixels == Bytes(8 * 6 * 3, 77));
    CHECK(Prepare(Encoded(cv::Mat(9, 9, CV_8UC4, cv::Scalar(5, 5, 5, 0)), ".png"), STRETCH).pixels == Bytes(8 * 6 * 3, 5));
}

TEST_CASE("what cannot be decoded, and what is damaged") {
    CHECK_THROWS_AS(Prepare({}, STRETCH), Undecodable);
    CHECK_THROWS_AS(Prepare({'G', 'I', 'F', '8'}, STRETCH), Undecodable);
    Bytes jpeg = Encoded(Ramp(200, 150), ".jpg");
    CHECK_NOTHROW(Prepare(jpeg, STRETCH));
    Bytes with_a_clip = jpeg;
    with_a_clip.insert(with_a_clip.end(), 100, 7);
    CHECK(Prepare(with_a_clip, STRETCH).pixels == Prepare(jpeg, STRETCH).pixels);
    jpeg.resize(jpeg.size() / 2);
    CHECK_THROWS_WITH_AS(Prepare(jpeg, STRETCH), "it is damaged: its decoder has warned of it", Undecodable);
}

TEST_CASE("the trap hears damage, and lets remarks on ancillary chunks and on what is behind the picture pass") {
    FILE *const before = stderr;
    {
        const StderrTrap trap;
        CHECK_FALSE(StderrTrap::Sprung());
        std::fprintf(stderr, "libpng warning: %s", "iCCP: known incorrect sRGB profile");
        std::fprintf(stderr, "\n");
        CHECK_FALSE(StderrTrap::Sprung());
        std::fprintf(stderr, "libpng warning: IDAT: Too much image data\n");  // behind the last row
        CHECK_FALSE(StderrTrap::Sprung());
        std::fprintf(stderr, "libpng warning: IDAT: CRC error\n");
        CHECK(StderrTrap::Sprung());
        const StderrTrap again;
        CHECK_FALSE(StderrTrap::Sprung());
        for (int i = 0; i < 5000; ++i) std::fprintf(stderr, "\n");
        CHECK(StderrTrap::Sprung());
    }
    CHECK(stderr == before);
}

TEST_CASE("std::cerr is heard outside the trap, and not inside") {
    { const StderrTrap first; }
    std::streambuf *const before = std::cerr.rdbuf();
    CHECK_NOTHROW(std::cerr << std::flush);
    {
        const StderrTrap trap;
        CHECK(before->sputn("nothing of this", 15) == 15);
        CHECK(before->sputc('x') != EOF);
    }
}

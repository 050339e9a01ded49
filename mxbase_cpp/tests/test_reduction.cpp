#include "mxclassify/reduction.h"

#include <doctest/doctest.h>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "mxclassify/decode.h"

using namespace mxclassify;

namespace {
// A photo of 800x600 with an EXIF block; without one for an empty block.
Bytes Photo(const Bytes &exif) {
    cv::Mat pixels(600, 800, CV_8UC3);
    cv::RNG(8).fill(pixels, cv::RNG::UNIFORM, 0, 255);
    cv::GaussianBlur(pixels, pixels, cv::Size(31, 31), 0);
    Bytes bytes;
    REQUIRE(cv::imencode(".jpg", pixels, bytes));
    if (!exif.empty()) {
        Bytes segment = {0xff, 0xe1, 0, static_cast<uint8_t>(2 + exif.size())};
        segment.insert(segment.end(), exif.begin(), exif.end());
        bytes.insert(bytes.begin() + 2, segment.begin(), segment.end());
    }
    return bytes;
}

Bytes Exif(uint8_t orientation) {
    return {'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0};
}

Bytes Reduced(const Bytes &image, int denominator, cv::Size size) {
    cv::Mat pixels = Decode(image, denominator);
    cv::resize(pixels, pixels, size, 0, 0, cv::INTER_LINEAR);
    return {pixels.datastart, pixels.dataend};
}
}  // namespace

TEST_CASE("the largest denominator that leaves both sides long enough") {
    CHECK(Denominator({4000, 3000}, {224, 224}) == 8);
    CHECK(Denominator({1792, 1792}, {224, 224}) == 8);
    CHECK(Denominator({1792, 1791}, {224, 224}) == 4);
    CHECK(Denominator({448, 3000}, {224, 224}) == 2);
    CHECK(Denominator({447, 3000}, {224, 224}) == 1);
    CHECK(Denominator({0, 0}, {224, 224}) == 1);
}

TEST_CASE("the size as it is shown") {
    CHECK(UprightJpegSize(Photo({})) == cv::Size(800, 600));
    for (uint8_t orientation = 1; orientation <= 4; ++orientation) CHECK(UprightJpegSize(Photo(Exif(orientation))) == cv::Size(800, 600));
    for (uint8_t orientation = 5; orientation <= 8; ++orientation) CHECK(UprightJpegSize(Photo(Exif(orientation))) == cv::Size(600, 800));
    CHECK_FALSE(UprightJpegSize(Photo(Exif(9))));
    CHECK_FALSE(UprightJpegSize(Photo({'h', 't', 't', 'p'})));
    const Bytes photo = Photo({});
    for (size_t kept = 0; kept < 150; ++kept) CHECK_FALSE(UprightJpegSize({photo.begin(), photo.begin() + static_cast<int>(kept)}));
    CHECK_FALSE(UprightJpegSize({0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'}));
}

TEST_CASE("a picture is reduced where the resize allows it, and turned as ever") {
    Geometry geometry{Resize::kStretch, 64, 150, 0, 0, true};
    CHECK(Prepare(Photo({}), geometry).pixels == Reduced(Photo({}), 4, {64, 150}));
    CHECK(Prepare(Photo(Exif(6)), geometry).pixels == Reduced(Photo(Exif(6)), 4, {64, 150}));
    geometry.resize_height_px = 160;  // of 600 a quarter is too short; of 800, where it stands upright, it is not
    CHECK(Prepare(Photo({}), geometry).pixels == Reduced(Photo({}), 2, {64, 160}));
    CHECK(Prepare(Photo(Exif(6)), geometry).pixels == Reduced(Photo(Exif(6)), 4, {64, 160}));
    geometry.reduces_jpegs = false;
    CHECK(Prepare(Photo({}), geometry).pixels == Reduced(Photo({}), 1, {64, 160}));
}

TEST_CASE("the short side, and the long one as long as of the whole picture") {
    const Geometry geometry{Resize::kShortSide, 75, 75, 75, 75, true};
    cv::Mat pixels = Decode(Photo({}), 8);
    cv::resize(pixels, pixels, cv::Size(100, 75), 0, 0, cv::INTER_LINEAR);
    pixels = pixels(cv::Rect(12, 0, 75, 75)).clone();
    CHECK(Prepare(Photo({}), geometry).pixels == Bytes(pixels.datastart, pixels.dataend));
}

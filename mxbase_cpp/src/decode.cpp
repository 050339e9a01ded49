#include "mxclassify/decode.h"

#include <algorithm>
#include <opencv2/imgcodecs.hpp>

#include "mxclassify/decoder_warnings.h"
#include "mxclassify/exif.h"

#if MXCLASSIFY_JPEG
#include "mxclassify/jpeg.h"
#endif

namespace mxclassify {
namespace {
constexpr uint8_t JPEG_START[] = {0xff, 0xd8};
constexpr uint8_t JPEG_END[] = {0xff, 0xd9};

// OpenCV 4.6 accepts a truncated JPEG silently; but libjpeg warns of an end marker in the wrong place.
bool LacksEnd(const Bytes &image) {
    return image.size() > 4 && std::equal(JPEG_START, JPEG_START + 2, image.begin()) &&
           !std::equal(JPEG_END, JPEG_END + 2, image.end() - 2);
}

int ReadFlag(int denominator) {
    switch (denominator) {
        case 8:
            return cv::IMREAD_REDUCED_COLOR_8;
        case 4:
            return cv::IMREAD_REDUCED_COLOR_4;
        case 2:
            return cv::IMREAD_REDUCED_COLOR_2;
        default:
            return cv::IMREAD_COLOR;
    }
}
}  // namespace

cv::Mat DecodeByOpenCv(const Bytes &image, int denominator) {
    if (LacksEnd(image)) {
        Bytes ended(image);
        ended.insert(ended.end(), JPEG_END, JPEG_END + 2);
        return DecodeByOpenCv(ended, denominator);
    }
    const int orientation = WrittenOrientation(image);  // OpenCV 4 turns no WebP, and a PNG only if its libpng reads EXIF
    const StderrTrap trap;
    cv::Mat pixels;
    try {
        pixels = cv::imdecode(image, ReadFlag(denominator) | (orientation > 1 ? cv::IMREAD_IGNORE_ORIENTATION : 0));
    } catch (const cv::Exception &error) {
        throw Undecodable("OpenCV cannot decode it: " + error.err);
    }
    if (pixels.empty()) {
        throw Undecodable("OpenCV cannot decode it");
    }
    if (StderrTrap::Sprung()) {
        throw Undecodable(DAMAGED);
    }
    if (pixels.total() * pixels.elemSize() > MAX_PICTURE_BYTES) {
        throw Undecodable(TOO_LARGE);
    }
    return Upright(pixels, orientation);
}

cv::Mat Decode(const Bytes &image, int denominator) {
    if (image.empty()) {
        throw Undecodable("there is no image");
    }
#if MXCLASSIFY_JPEG
    if (const auto pixels = DecodeJpeg(image, denominator)) {
        return *pixels;
    }
#endif
    return DecodeByOpenCv(image, denominator);
}
}  // namespace mxclassify

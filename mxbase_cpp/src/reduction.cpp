#include "mxclassify/reduction.h"

#include "mxclassify/exif.h"

namespace mxclassify {
namespace {
constexpr uint8_t APP1 = 0xe1, SOS = 0xda, QUARTER_TURNS = 5;
constexpr size_t JPEG_HEAD_BYTES = 4;   // of a segment: marker and length
constexpr size_t FRAME_BYTES = 9;  // of a frame header, up to its sides

bool IsFrame(uint8_t marker) { return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc; }

int Number(const uint8_t *two) { return two[0] << 8 | two[1]; }
}  // namespace

std::optional<cv::Size> UprightJpegSize(const Bytes &image) {
    if (image.size() < 2 || image[0] != 0xff || image[1] != 0xd8) {
        return std::nullopt;
    }
    bool turned = false;
    for (size_t at = 2; at + JPEG_HEAD_BYTES <= image.size() && image[at] == 0xff;) {
        const uint8_t *segment = image.data() + at;
        const uint8_t marker = segment[1];
        const size_t end = at + 2 + static_cast<size_t>(Number(segment + 2));
        if (marker == SOS || end < at + JPEG_HEAD_BYTES || end > image.size()) {
            break;
        }
        if (IsFrame(marker)) {
            if (end < at + FRAME_BYTES) break;
            const int height_px = Number(segment + 5), width_px = Number(segment + 7);
            return turned ? cv::Size(height_px, width_px) : cv::Size(width_px, height_px);
        }
        if (marker == APP1) {
            const int orientation = WrittenOrientation(segment + JPEG_HEAD_BYTES, end - at - JPEG_HEAD_BYTES);
            if (orientation == 0) break;
            turned = orientation >= QUARTER_TURNS;
        }
        at = end;
    }
    return std::nullopt;
}

int Denominator(cv::Size full, cv::Size resized) {
    for (const int denominator : {8, 4, 2}) {
        if (full.width >= denominator * resized.width && full.height >= denominator * resized.height) {
            return denominator;
        }
    }
    return 1;
}
}  // namespace mxclassify

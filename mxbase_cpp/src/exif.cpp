#include "mxclassify/exif.h"

#include <cstring>

namespace mxclassify {
namespace {
constexpr char HEADER[] = {'E', 'x', 'i', 'f', 0, 0};
constexpr size_t ENTRY_BYTES = 12;
constexpr size_t SHORT_END = 10;    // of an entry whose value is one short
constexpr size_t INLINE_BYTES = 4;  // a longer value is stored elsewhere
constexpr uint32_t TIFF_MARK = 42;
constexpr uint32_t DESCRIPTION = 0x10e;
constexpr uint32_t MODEL = 0x110;
constexpr uint32_t ORIENTATION = 0x112;

// A TIFF header and a directory with one entry, up to its value.
constexpr uint8_t WRITTEN[] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0};
constexpr size_t WRITTEN_BYTES = 26;
constexpr uint8_t PNG_CHUNK[] = {0, 0, 0, WRITTEN_BYTES, 'e', 'X', 'I', 'f'};
constexpr uint8_t WEBP_CHUNK[] = {'E', 'X', 'I', 'F', WRITTEN_BYTES, 0, 0, 0};
constexpr size_t HEAD_BYTES = sizeof PNG_CHUNK;
constexpr size_t PNG_HEADER_END = 33;
constexpr size_t WEBP_CHUNKS = 12;
constexpr uint8_t EXIF_FLAG = 8;  // of VP8X; without it no reader looks for the chunk

int OrientationOfChunk(const uint8_t *chunk, const uint8_t *head) {
    const uint8_t *value = chunk + HEAD_BYTES + sizeof WRITTEN;
    const bool is_ours = std::memcmp(chunk, head, HEAD_BYTES) == 0 && std::memcmp(chunk + HEAD_BYTES, WRITTEN, sizeof WRITTEN) == 0;
    return is_ours && *value >= 1 && *value <= 8 ? *value : 1;
}

struct Tiff {
    const uint8_t *bytes;
    size_t size;
    bool little;

    bool Holds(size_t offset, size_t count) const { return offset <= size && count <= size - offset; }

    uint32_t Number(size_t offset, size_t count) const {
        uint32_t number = 0;
        for (size_t place = 0; place < count; ++place) {
            number = number << 8 | bytes[offset + (little ? count - 1 - place : place)];
        }
        return number;
    }

    // OpenCV stops at a text outside the block.
    bool HoldsText(size_t entry) const {
        if (!Holds(entry, ENTRY_BYTES)) {
            return false;
        }
        const uint32_t count = Number(entry + 4, 4);
        return Holds(count > INLINE_BYTES ? Number(entry + 8, 4) : 0, count);
    }
};
}  // namespace

std::optional<int> ExifOrientation(const uint8_t *block, size_t size) {
    if (size < sizeof HEADER + 8 || std::memcmp(block, HEADER, sizeof HEADER) != 0) {
        return std::nullopt;
    }
    const Tiff tiff{block + sizeof HEADER, size - sizeof HEADER, block[sizeof HEADER] == 'I'};
    const char order = tiff.little ? 'I' : 'M';
    if (tiff.bytes[0] != order || tiff.bytes[1] != order || tiff.Number(2, 2) != TIFF_MARK) {
        return std::nullopt;
    }
    const size_t directory = tiff.Number(4, 4);
    if (!tiff.Holds(directory, 2)) {
        return 1;
    }
    bool plain = true;
    const size_t end = directory + 2 + tiff.Number(directory, 2) * ENTRY_BYTES;
    for (size_t entry = directory + 2; entry < end && tiff.Holds(entry, SHORT_END); entry += ENTRY_BYTES) {
        const uint32_t tag = tiff.Number(entry, 2);
        if (tag == ORIENTATION) {
            const uint32_t value = tiff.Number(entry + 8, 2);
            return plain ? std::optional<int>(value >= 1 && value <= 8 ? static_cast<int>(value) : 1) : std::nullopt;
        }
        plain = plain && tag < ORIENTATION && (tag < DESCRIPTION || tag > MODEL || tiff.HoldsText(entry));
    }
    return 1;
}

int WrittenOrientation(const Bytes &image) {
    constexpr size_t CHUNK_BYTES = HEAD_BYTES + WRITTEN_BYTES;
    if (image.size() < PNG_HEADER_END + CHUNK_BYTES) {
        return 1;
    }
    if (std::memcmp(image.data(), "RIFF", 4) != 0) {
        return OrientationOfChunk(image.data() + PNG_HEADER_END, PNG_CHUNK);
    }
    const bool told = std::memcmp(image.data() + WEBP_CHUNKS, "VP8X", 4) == 0 && (image[WEBP_CHUNKS + HEAD_BYTES] & EXIF_FLAG) != 0;
    return told ? OrientationOfChunk(image.data() + image.size() - CHUNK_BYTES, WEBP_CHUNK) : 1;
}

int WrittenOrientation(const uint8_t *block, size_t size) {
    const bool is_ours = size == sizeof HEADER + WRITTEN_BYTES && std::memcmp(block, HEADER, sizeof HEADER) == 0 &&
                         std::memcmp(block + sizeof HEADER, WRITTEN, sizeof WRITTEN) == 0;
    const uint8_t orientation = is_ours ? block[sizeof HEADER + sizeof WRITTEN] : 0;
    return orientation <= 8 ? orientation : 0;
}

cv::Mat Upright(const cv::Mat &pixels, int orientation) {
    if (orientation <= 1) {
        return pixels;
    }
    constexpr int KEEP = 2;
    constexpr int FLIPS[] = {KEEP, 1, -1, 0, KEEP, 1, -1, 0};  // cv::flip's codes for 1..8; from 5 on after a transposition
    cv::Mat upright = pixels;
    if (orientation >= 5) {
        cv::transpose(pixels, upright);
    }
    if (FLIPS[orientation - 1] != KEEP) {
        cv::flip(upright, upright, FLIPS[orientation - 1]);
    }
    return upright;
}
}  // namespace mxclassify

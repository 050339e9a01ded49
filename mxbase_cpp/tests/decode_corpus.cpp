// Decodes the images on standard input, each behind its length in four bytes, little-endian. Under ASan and UBSan the program stops at
// the first fault; tests/soak/decoder.py sends it mutated images.
#include <cstdint>
#include <cstdio>
#include <iostream>

#include "mxclassify/picture.h"

int main() {
    const mxclassify::Geometry geometry{mxclassify::Resize::kStretch, 32, 32, 0, 0};
    size_t decoded = 0;
    size_t refused = 0;
    uint8_t length[4];
    while (std::cin.read(reinterpret_cast<char *>(length), sizeof length)) {
        // A block of exactly this size, so that ASan sees a read behind it.
        mxclassify::Bytes image(length[0] | length[1] << 8 | length[2] << 16 | static_cast<uint32_t>(length[3]) << 24);
        if (!std::cin.read(reinterpret_cast<char *>(image.data()), static_cast<std::streamsize>(image.size()))) {
            std::fputs("the last image is cut off\n", stderr);
            return 2;
        }
        try {
            mxclassify::Prepare(image, geometry);
            ++decoded;
        } catch (const mxclassify::Undecodable &) {
            ++refused;
        }
    }
    std::printf("%zu %zu\n", decoded, refused);
    return 0;
}

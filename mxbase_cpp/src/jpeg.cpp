#include "mxclassify/jpeg.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>  // jpeglib.h needs its FILE
#include <cstring>

#include <jpeglib.h>

#include <jerror.h>  // needs jpeglib.h

#include "mxclassify/exif.h"

#ifndef JCS_EXTENSIONS
#error "libjpeg-turbo is needed: no other libjpeg writes BGR"
#endif

namespace mxclassify {
namespace {
constexpr int EXIF_MARKER = JPEG_APP0 + 1;
constexpr unsigned int MAX_MARKER_BYTES = 0xffff;
constexpr JOCTET END_MARKER[] = {0xff, JPEG_EOI};
constexpr JDIMENSION ROWS_AT_ONCE = 16;

// An image without tables is a frame of Motion JPEG; OpenCV knows its standard tables.
bool HasTables(const jpeg_decompress_struct &codec) {
    return codec.dc_huff_tbl_ptrs[0] || codec.dc_huff_tbl_ptrs[1] || codec.ac_huff_tbl_ptrs[0] || codec.ac_huff_tbl_ptrs[1];
}

// libjpeg's state. An error leaves a call by longjmp and skips every destructor, so functions inside Tried must not have any.
class Decompression {
public:
    Decompression(const uint8_t *bytes, size_t size) {
        codec_.err = jpeg_std_error(&errors_);
        codec_.client_data = this;
        errors_.error_exit = [](j_common_ptr codec) { Of(codec).Leave(kBroken); };
        errors_.emit_message = [](j_common_ptr codec, int level) {
            if (level < 0 && !Of(codec).IsBehindThePicture()) Of(codec).Leave(kWarned);
        };
        source_.next_input_byte = bytes;
        source_.bytes_in_buffer = size;
        source_.init_source = source_.term_source = [](j_decompress_ptr) {};
        source_.fill_input_buffer = Fill;
        source_.skip_input_data = Skip;
        source_.resync_to_restart = jpeg_resync_to_restart;
    }

    ~Decompression() { jpeg_destroy_decompress(&codec_); }
    Decompression(const Decompression &) = delete;
    Decompression &operator=(const Decompression &) = delete;

    jpeg_decompress_struct &codec() { return codec_; }

    bool ReadHeader() {
        const auto read = [](jpeg_decompress_struct &codec, JSAMPROW) {
            jpeg_create_decompress(&codec);
            codec.src = &Of(reinterpret_cast<j_common_ptr>(&codec)).source_;
            jpeg_save_markers(&codec, EXIF_MARKER, MAX_MARKER_BYTES);
            jpeg_read_header(&codec, TRUE);
        };
        return Tried(read) == kDone;
    }

    // Into width × height × 3 bytes, both sides divided by the denominator and rounded up.
    bool ReadPixels(uint8_t *pixels, unsigned int denominator) {
        codec_.scale_num = 1;
        codec_.scale_denom = denominator;
        const auto read = [](jpeg_decompress_struct &codec, JSAMPROW first) {
            codec.out_color_space = JCS_EXT_BGR;
            jpeg_start_decompress(&codec);
            const size_t step = size_t{3} * codec.output_width;
            while (codec.output_scanline < codec.output_height) {
                JSAMPROW rows[ROWS_AT_ONCE];
                const JDIMENSION count = std::min(ROWS_AT_ONCE, codec.output_height - codec.output_scanline);
                for (JDIMENSION row = 0; row < count; ++row) {
                    rows[row] = first + step * (codec.output_scanline + row);
                }
                jpeg_read_scanlines(&codec, rows, count);
            }
        };
        // If all pixels exist, OpenCV ignores that the data after them are truncated.
        const auto finish = [](jpeg_decompress_struct &codec, JSAMPROW) { jpeg_finish_decompress(&codec); };
        if (Tried(read, pixels) != kDone) {
            return false;
        }
        finishing_ = true;
        return Tried(finish) != kWarned;
    }

private:
    enum End { kDone, kBroken, kWarned };
    using Step = void (*)(jpeg_decompress_struct &, JSAMPROW);

    End Tried(Step step, uint8_t *pixels = nullptr) {
        switch (setjmp(back_)) {
            case kDone:
                step(codec_, pixels);
                return kDone;
            case kWarned:
                return kWarned;
            default:
                return kBroken;
        }
    }

    static Decompression &Of(j_common_ptr codec) { return *static_cast<Decompression *>(codec->client_data); }

    // Bytes between the last row and the end: webcams and scanners leave some. Python decides the same (pipelines/cpu/surplus.py).
    bool IsBehindThePicture() const {
        return finishing_ && errors_.msg_code == JWRN_EXTRANEOUS_DATA && !codec_.arith_code && HasTables(codec_);
    }

    [[noreturn]] void Leave(End end) { std::longjmp(back_, end); }

    // An image without an end marker gets one, once; libjpeg warns if it is in the middle of the data.
    static boolean Fill(j_decompress_ptr codec) {
        Decompression &all = Of(reinterpret_cast<j_common_ptr>(codec));
        if (all.ended_) {
            all.Leave(kBroken);
        }
        all.ended_ = true;
        all.source_.next_input_byte = END_MARKER;
        all.source_.bytes_in_buffer = sizeof END_MARKER;
        return TRUE;
    }

    static void Skip(j_decompress_ptr codec, long count) {
        Decompression &all = Of(reinterpret_cast<j_common_ptr>(codec));
        if (count <= 0) {
            return;
        }
        if (static_cast<size_t>(count) > all.source_.bytes_in_buffer) {
            all.Leave(kBroken);
        }
        all.source_.next_input_byte += count;
        all.source_.bytes_in_buffer -= static_cast<size_t>(count);
    }

    jpeg_decompress_struct codec_{};
    jpeg_error_mgr errors_{};
    jpeg_source_mgr source_{};
    std::jmp_buf back_{};
    bool ended_ = false;
    bool finishing_ = false;
};

// OpenCV reads only the first APP1 marker.
std::optional<int> Orientation(const jpeg_decompress_struct &codec) {
    const jpeg_saved_marker_ptr marker = codec.marker_list;
    return marker == nullptr ? 1 : ExifOrientation(marker->data, marker->data_length);
}

bool HasColours(J_COLOR_SPACE space) { return space == JCS_GRAYSCALE || space == JCS_YCbCr || space == JCS_RGB; }
}  // namespace

std::optional<cv::Mat> DecodeJpeg(const Bytes &image, int denominator) {
    constexpr uint8_t START[] = {0xff, 0xd8, 0xff};
    if (image.size() < sizeof START || std::memcmp(image.data(), START, sizeof START) != 0) {
        return std::nullopt;
    }
    Decompression jpeg(image.data(), image.size());
    if (!jpeg.ReadHeader()) {
        throw Undecodable(DAMAGED);
    }
    const auto orientation = Orientation(jpeg.codec());
    if (!orientation || !HasColours(jpeg.codec().jpeg_color_space) || !HasTables(jpeg.codec())) {
        return std::nullopt;
    }
    const auto side = [denominator](JDIMENSION full_px) { return (static_cast<int>(full_px) + denominator - 1) / denominator; };
    const int width_px = side(jpeg.codec().image_width), height_px = side(jpeg.codec().image_height);
    if (size_t{3} * static_cast<size_t>(width_px) * static_cast<size_t>(height_px) > MAX_PICTURE_BYTES) {
        throw Undecodable(TOO_LARGE);
    }
    cv::Mat pixels(height_px, width_px, CV_8UC3);
    if (!jpeg.ReadPixels(pixels.data, static_cast<unsigned int>(denominator))) {
        throw Undecodable(DAMAGED);
    }
    return Upright(pixels, *orientation);
}
}  // namespace mxclassify

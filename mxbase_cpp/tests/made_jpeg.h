// JPEGs of every making, by libjpeg itself.
#pragma once

#include <cstdio>  // jpeglib.h needs its FILE
#include <cstdlib>

#include <jpeglib.h>

#include <opencv2/core.hpp>

#include "mxclassify/decode.h"

struct Making {
    cv::Size size{61, 43};
    int across = 2;  // luma samples for one of colour
    int down = 2;
    J_COLOR_SPACE coded = JCS_YCbCr;
    int quality = 85;
    int restart_interval = 0;
    bool progressive = false;
    bool arithmetic = false;
    bool tables = true;
    mxclassify::Bytes app1 = {};
};

// Slopes with grain, so that every coefficient is used.
inline cv::Mat Scene(cv::Size size, int channels) {
    cv::Mat pixels(size, CV_8UC(channels));
    cv::RNG chance(8);
    for (int y = 0; y < size.height; ++y) {
        uint8_t *row = pixels.ptr(y);
        for (int x = 0; x < size.width * channels; ++x) {
            row[x] = cv::saturate_cast<uint8_t>(3 * x / channels + (x % channels) * y + chance.uniform(-30, 30));
        }
    }
    return pixels;
}

inline mxclassify::Bytes MadeJpeg(const Making &making) {
    const bool grey = making.coded == JCS_GRAYSCALE;
    const bool four = making.coded == JCS_CMYK || making.coded == JCS_YCCK;
    const cv::Mat pixels = Scene(making.size, grey ? 1 : four ? 4 : 3);
    jpeg_compress_struct codec{};
    jpeg_error_mgr errors{};
    codec.err = jpeg_std_error(&errors);
    jpeg_create_compress(&codec);
    unsigned char *bytes = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&codec, &bytes, &size);
    codec.image_width = static_cast<JDIMENSION>(pixels.cols);
    codec.image_height = static_cast<JDIMENSION>(pixels.rows);
    codec.input_components = pixels.channels();
    codec.in_color_space = grey ? JCS_GRAYSCALE : four ? JCS_CMYK : JCS_RGB;
    jpeg_set_defaults(&codec);
    jpeg_set_colorspace(&codec, making.coded);
    jpeg_set_quality(&codec, making.quality, TRUE);
    codec.comp_info[0].h_samp_factor = making.across;
    codec.comp_info[0].v_samp_factor = making.down;
    codec.restart_interval = static_cast<unsigned int>(making.restart_interval);
    codec.arith_code = making.arithmetic;
    if (making.progressive) jpeg_simple_progression(&codec);
    if (!making.tables) jpeg_suppress_tables(&codec, TRUE);
    for (JQUANT_TBL *table : codec.quant_tbl_ptrs) {
        if (table != nullptr) table->sent_table = FALSE;
    }
    jpeg_start_compress(&codec, making.tables);
    if (!making.app1.empty()) {
        jpeg_write_marker(&codec, JPEG_APP0 + 1, making.app1.data(), static_cast<unsigned int>(making.app1.size()));
    }
    while (codec.next_scanline < codec.image_height) {
        auto *row = const_cast<uint8_t *>(pixels.ptr(static_cast<int>(codec.next_scanline)));
        jpeg_write_scanlines(&codec, &row, 1);
    }
    jpeg_finish_compress(&codec);
    jpeg_destroy_compress(&codec);
    mxclassify::Bytes made(bytes, bytes + size);
    std::free(bytes);
    return made;
}

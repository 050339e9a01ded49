// The work on the pixels before the model, by the manifest's recipe; Python renders it, nobody types it again.
#pragma once

namespace mxclassify {
enum class Resize { kStretch, kShortSide };

struct Geometry {
    Resize resize = Resize::kStretch;
    int resize_width_px = 0;
    int resize_height_px = 0;  // with kShortSide equal to the width: the length of the shorter side
    int crop_width_px = 0;     // centre crop after kShortSide; a stretched picture is cropped inside the model
    int crop_height_px = 0;
    bool reduces_jpegs = false;  // while they are decoded, to what the resize still makes smaller (reduction.h)

    int InputWidthPx() const { return resize == Resize::kShortSide ? crop_width_px : resize_width_px; }
    int InputHeightPx() const { return resize == Resize::kShortSide ? crop_height_px : resize_height_px; }
};
}  // namespace mxclassify

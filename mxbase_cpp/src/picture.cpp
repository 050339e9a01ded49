#include "mxclassify/picture.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "mxclassify/clock.h"
#include "mxclassify/decode.h"
#include "mxclassify/reduction.h"

namespace mxclassify {
namespace {
// In float32 and truncated, not rounded, like the vendor's mxpi_imageresize.
cv::Size ShortSide(cv::Size source, int length_px) {
    const float scale = static_cast<float>(length_px) / static_cast<float>(std::min(source.width, source.height));
    return {static_cast<int>(static_cast<float>(source.width) * scale), static_cast<int>(static_cast<float>(source.height) * scale)};
}

// If the rest is odd, the extra pixel is right or below.
cv::Mat CentreCrop(const cv::Mat &pixels, int width_px, int height_px) {
    const int left = (pixels.cols - width_px) / 2;
    const int above = (pixels.rows - height_px) / 2;
    if (pixels.cols < width_px || pixels.rows < height_px) {
        throw Undecodable("it is too narrow to be cropped");
    }
    return pixels(cv::Rect(left, above, width_px, height_px));
}

cv::Size ResizedSize(cv::Size source, const Geometry &geometry) {
    return geometry.resize == Resize::kStretch ? cv::Size(geometry.resize_width_px, geometry.resize_height_px)
                                               : ShortSide(source, geometry.resize_width_px);
}

cv::Mat Resized(const cv::Mat &pixels, cv::Size size, const Geometry &geometry) {
    cv::Mat resized;
    cv::resize(pixels, resized, size, 0, 0, cv::INTER_LINEAR);
    return geometry.resize == Resize::kStretch ? resized : CentreCrop(resized, geometry.crop_width_px, geometry.crop_height_px);
}
}  // namespace

Picture Prepare(const Bytes &image, const Geometry &geometry) {
    Picture picture;
    const double started_s = Now();
    const auto full = geometry.reduces_jpegs ? UprightJpegSize(image) : std::nullopt;
    const int denominator = full ? Denominator(*full, ResizedSize(*full, geometry)) : 1;
    const cv::Mat decoded = Decode(image, denominator);
    const double decoded_s = Now();
    cv::Mat tight;
    try {
        // A reduced picture gets the size that the whole one would get: the sides of the reduced one are rounded.
        tight = Resized(decoded, ResizedSize(denominator > 1 ? *full : decoded.size(), geometry), geometry);
    } catch (const cv::Exception &error) {
        throw Undecodable("OpenCV cannot resize it: " + error.err);
    }
    if (!tight.isContinuous()) {
        tight = tight.clone();
    }
    // Not datastart, which is where the picture before the crop starts.
    picture.pixels.assign(tight.data, tight.data + tight.total() * tight.elemSize());
    picture.decode_s = decoded_s - started_s;
    picture.resize_s = Now() - decoded_s;
    return picture;
}
}  // namespace mxclassify

#include "mxclassify/picture.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "mxclassify/clock.h"
#include "mxclassify/decode.h"

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

cv::Mat Resized(const cv::Mat &pixels, const Geometry &geometry) {
    const bool stretch = geometry.resize == Resize::kStretch;
    const cv::Size size = stretch ? cv::Size(geometry.resize_width_px, geometry.resize_height_px)
                                  : ShortSide(pixels.size(), geometry.resize_width_px);
    cv::Mat resized;
    cv::resize(pixels, resized, size, 0, 0, cv::INTER_LINEAR);
    return stretch ? resized : CentreCrop(resized, geometry.crop_width_px, geometry.crop_height_px);
}
}  // namespace

Picture Prepare(const Bytes &image, const Geometry &geometry) {
    Picture picture;
    const double started_s = Now();
    const cv::Mat decoded = Decode(image);
    const double decoded_s = Now();
    cv::Mat tight;
    try {
        tight = Resized(decoded, geometry);
    } catch (const cv::Exception &error) {
        throw Undecodable("OpenCV cannot resize it: " + error.err);
    }
    if (!tight.isContinuous()) {
        tight = tight.clone();
    }
    picture.pixels.assign(tight.datastart, tight.datastart + tight.total() * tight.elemSize());
    picture.decode_s = decoded_s - started_s;
    picture.resize_s = Now() - decoded_s;
    return picture;
}
}  // namespace mxclassify

// What the bindings drive in the module for TSan: neither OpenCV nor OpenVINO, which are not built for it.
#include "mxclassify/classifier.h"
#include "mxclassify/decoder_warnings.h"
#include "simulated.h"

namespace mxclassify {
namespace {
// The id of the device stands for its behaviour.
constexpr int REFUSES = 1;
constexpr int BREAKS = 2;

struct Trapped : Simulated {
    using Simulated::Simulated;

    Picture Prepare(const Bytes &image) override {
        const StderrTrap trap;  // as a decoder would
        return Simulated::Prepare(image);
    }
};
}  // namespace

std::shared_ptr<Backend> MakeBackend(const ClassifierConfig &config) {
    auto backend = std::make_shared<Trapped>(std::map<size_t, double>{{1, 0.0002}, {2, 0.0003}, {4, 0.0004}});
    backend->refuses = config.device_id == REFUSES;
    backend->broken = config.device_id == BREAKS;
    return backend;
}
}  // namespace mxclassify

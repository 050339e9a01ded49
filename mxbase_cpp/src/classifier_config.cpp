#include "mxclassify/classifier_config.h"

#include <limits>
#include <stdexcept>

namespace mxclassify {
namespace {
[[noreturn]] void Refuse(const std::string &name, const std::string &wanted) { throw std::invalid_argument(name + " must be " + wanted); }

class Entries {
public:
    explicit Entries(ConfigEntries entries) : entries_(std::move(entries)) {}

    std::string TakeText(const std::string &name) { return Take<std::string>(name, "a text"); }

    bool TakeTruth(const std::string &name) { return Take<bool>(name, "true or false"); }

    template <typename T>
    T TakeNumber(const std::string &name) {
        constexpr int64_t least = std::numeric_limits<T>::min(), most = std::numeric_limits<T>::max();
        const std::string wanted = "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
        const auto number = Take<int64_t>(name, wanted);
        if (number < least || number > most) Refuse(name, wanted);
        return static_cast<T>(number);
    }

    template <typename T>
    T TakeNamed(const std::string &name, const std::map<std::string, T> &names) {
        std::string known;
        for (const auto &one : names) known += (known.empty() ? "" : " or ") + one.first;
        const auto found = names.find(Take<std::string>(name, known));
        if (found == names.end()) Refuse(name, known);
        return found->second;
    }

    void End() const {
        if (!entries_.empty()) throw std::invalid_argument(entries_.begin()->first + " is unknown");
    }

private:
    template <typename T>
    T Take(const std::string &name, const std::string &wanted) {
        const auto found = entries_.find(name);
        if (found == entries_.end()) throw std::invalid_argument(name + " is missing");
        T *value = std::get_if<T>(&found->second);
        if (value == nullptr) Refuse(name, wanted);
        T taken = std::move(*value);
        entries_.erase(found);
        return taken;
    }

    ConfigEntries entries_;
};
}  // namespace

ClassifierConfig ConfigOf(ConfigEntries given) {
    Entries entries(std::move(given));
    ClassifierConfig config;
    config.model_path = entries.TakeText("model_path");
    config.device_id = entries.TakeNumber<int32_t>("device_id");
    config.geometry.resize = entries.TakeNamed<Resize>("resize", {{"stretch", Resize::kStretch}, {"short_side", Resize::kShortSide}});
    config.geometry.resize_width_px = entries.TakeNumber<int32_t>("resize_width_px");
    config.geometry.resize_height_px = entries.TakeNumber<int32_t>("resize_height_px");
    config.geometry.crop_width_px = entries.TakeNumber<int32_t>("crop_width_px");
    config.geometry.crop_height_px = entries.TakeNumber<int32_t>("crop_height_px");
    config.geometry.reduces_jpegs = entries.TakeNamed<bool>("decode", {{"exact", false}, {"reduced", true}});
    config.post_process.ranking = entries.TakeNamed<Ranking>("ranking", {{"own", Ranking::kOwn}, {"sdk", Ranking::kSdk}});
    config.post_process.classes = entries.TakeNumber<uint32_t>("classes");
    config.post_process.top_k = entries.TakeNumber<uint32_t>("top_k");
    config.post_process.softmax = entries.TakeTruth("softmax");
    config.batcher.decoders = entries.TakeNumber<uint16_t>("decoders");
    config.batcher.lanes = entries.TakeNumber<uint16_t>("lanes");
    config.batcher.capacity = entries.TakeNumber<uint32_t>("capacity");
    config.precision = entries.TakeText("precision");
    config.latency = entries.TakeTruth("latency");
    entries.End();
    return config;
}
}  // namespace mxclassify

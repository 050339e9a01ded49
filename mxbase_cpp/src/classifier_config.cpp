#include "mxclassify/classifier_config.h"

#include <limits>
#include <stdexcept>

#include "mxclassify/flat_json.h"

namespace mxclassify {
namespace {
class Keys {
public:
    explicit Keys(const std::string &json) : values_(ParseFlatJson(json)) {}

    template <typename T>
    T Take(const std::string &key) {
        const auto found = values_.find(key);
        if (found == values_.end()) throw std::invalid_argument("the configuration lacks " + key);
        const T *value = std::get_if<T>(&found->second);
        if (value == nullptr) throw std::invalid_argument("the configuration has a wrong " + key);
        T taken = *value;
        values_.erase(found);
        return taken;
    }

    template <typename T>
    T TakeNumber(const std::string &key) {
        const auto number = Take<int64_t>(key);
        if (number < int64_t{std::numeric_limits<T>::min()} || number > int64_t{std::numeric_limits<T>::max()}) {
            throw std::invalid_argument("the configuration has a wrong " + key);
        }
        return static_cast<T>(number);
    }

    template <typename T>
    T TakeNamed(const std::string &key, const std::map<std::string, T> &names) {
        const auto found = names.find(Take<std::string>(key));
        if (found != names.end()) return found->second;
        std::string known;
        for (const auto &name : names) known += (known.empty() ? "" : " or ") + name.first;
        throw std::invalid_argument(key + " is " + known);
    }

    void End() const {
        std::string unknown;
        for (const auto &value : values_) unknown += " " + value.first;
        if (!unknown.empty()) throw std::invalid_argument("the configuration has unknown keys:" + unknown);
    }

private:
    std::map<std::string, FlatValue> values_;
};
}  // namespace

ClassifierConfig ParseConfig(const std::string &json) {
    Keys keys(json);
    ClassifierConfig config;
    config.model_path = keys.Take<std::string>("model_path");
    config.device_id = keys.TakeNumber<int32_t>("device_id");
    config.geometry.resize = keys.TakeNamed<Resize>("resize", {{"stretch", Resize::kStretch}, {"short_side", Resize::kShortSide}});
    config.geometry.resize_width_px = keys.TakeNumber<int32_t>("resize_width_px");
    config.geometry.resize_height_px = keys.TakeNumber<int32_t>("resize_height_px");
    config.geometry.crop_width_px = keys.TakeNumber<int32_t>("crop_width_px");
    config.geometry.crop_height_px = keys.TakeNumber<int32_t>("crop_height_px");
    config.post_process.ranking = keys.TakeNamed<Ranking>("ranking", {{"own", Ranking::kOwn}, {"sdk", Ranking::kSdk}});
    config.post_process.classes = keys.TakeNumber<uint32_t>("classes");
    config.post_process.top_k = keys.TakeNumber<uint32_t>("top_k");
    config.post_process.softmax = keys.Take<bool>("softmax");
    config.batcher.decoders = keys.TakeNumber<uint16_t>("decoders");
    config.batcher.lanes = keys.TakeNumber<uint16_t>("lanes");
    config.batcher.capacity = keys.TakeNumber<uint32_t>("capacity");
    keys.End();
    return config;
}
}  // namespace mxclassify

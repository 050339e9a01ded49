#include "compiled_model.h"

#include "MxCpu/Precision.h"
#include "MxCpu/calling_thread.h"

#include <malloc.h>
#include <sys/stat.h>

#include <algorithm>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <tuple>

namespace MxCpu {
namespace {
std::vector<size_t> Gears(const std::shared_ptr<ov::Model> &model) {
    std::vector<size_t> gears;
    if (model->has_rt_info("framework", "batch_sizes")) {
        std::istringstream text(model->get_rt_info<std::string>("framework", "batch_sizes"));
        for (std::string size; std::getline(text, size, ',');) {
            const size_t gear = std::stoul(size);
            if (gear == 0 || (!gears.empty() && gear <= gears.back())) {
                gears.clear();
                break;
            }
            gears.push_back(gear);
        }
    }
    if (gears.empty()) {
        throw std::runtime_error("its batch is dynamic and the metadata property batch_sizes does not say the sizes");
    }
    return gears;
}

std::shared_ptr<CompiledModel> Compile(const std::string &path, const ov::element::Type &hint) {
    ov::Core core;
    auto model = core.read_model(path);
    const ov::PartialShape shape = model->input(0).get_partial_shape();
    if (model->inputs().size() != 1 || shape.rank().is_dynamic() || shape.size() != 4 || shape[1].is_dynamic() || shape[2].is_dynamic() ||
        shape[3].is_dynamic()) {
        throw std::runtime_error("its input is not one [N, H, W, C] with fixed H, W and C");
    }
    auto compiled = std::make_shared<CompiledModel>();
    compiled->dynamic_batch = shape[0].is_dynamic();
    compiled->batch_sizes = compiled->dynamic_batch ? Gears(model) : std::vector<size_t>{static_cast<size_t>(shape[0].get_length())};
    for (const size_t size : compiled->batch_sizes) {
        if (compiled->dynamic_batch) {
            ov::PartialShape fixed = shape;
            fixed[0] = static_cast<int64_t>(size);
            model->reshape(fixed);
        }
        // On CPUs with bfloat16 the default precision would change the answers.
        compiled->by_batch[size] = core.compile_model(model, "CPU", ov::hint::inference_precision(hint),
                                                      ov::hint::performance_mode(ov::hint::PerformanceMode::THROUGHPUT));
    }
    return compiled;
}
}  // namespace

bool HasBf16() {
    const auto found = ov::Core().get_property("CPU", ov::device::capabilities);
    return std::find(found.begin(), found.end(), ov::device::capability::BF16) != found.end();
}

std::shared_ptr<CompiledModel> LoadModel(const std::string &path) {
    static std::mutex loading;
    static std::map<std::tuple<std::string, int64_t, int64_t, bool>, std::weak_ptr<CompiledModel>> loaded;
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) {
        throw std::runtime_error("there is no such file");
    }
    const std::lock_guard<std::mutex> guard(loading);
    auto &known = loaded[{path, status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec, status.st_size, bfloat16}];
    auto model = known.lock();
    if (!model) {
        model = Compile(path, bfloat16 ? ov::element::bf16 : ov::element::f32);
        malloc_trim(0);  // what compiling leaves free is about as large as the model
        known = model;
    }
    return model;
}
}  // namespace MxCpu

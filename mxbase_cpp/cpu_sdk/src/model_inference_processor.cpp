#include "MxBase/ModelInfer/ModelInferenceProcessor.h"

#include <sys/stat.h>

#include <atomic>
#include <cstring>

#include "MxBase/DeviceManager/DeviceManager.h"
#include "MxCpu/calling_thread.h"
#include "compiled_model.h"
#include "device_memory.h"

namespace MxBase {
namespace {
constexpr char BATCH_INPUT[] = "ascend_mbatch_shape_data";  // ACL's input for the batch size of a model with gears
constexpr size_t BATCH_INPUT_BYTES = sizeof(int32_t);

bool IsFile(const std::string &path) {
    struct stat status {};
    return lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

// X.om stands for X.onnx in the same folder; any other file, and an .om without an .onnx, is the model itself.
std::string CpuModel(const std::string &path) {
    const size_t end = path.rfind(".om");
    if (end != std::string::npos && end + 3 == path.size() && IsFile(path.substr(0, end) + ".onnx")) {
        return path.substr(0, end) + ".onnx";
    }
    return path;
}

TensorDataType TypeOf(const ov::element::Type &type) {
    if (type == ov::element::u8) return TENSOR_DTYPE_UINT8;
    if (type == ov::element::f32) return TENSOR_DTYPE_FLOAT32;
    if (type == ov::element::f16) return TENSOR_DTYPE_FLOAT16;
    if (type == ov::element::i32) return TENSOR_DTYPE_INT32;
    if (type == ov::element::i64) return TENSOR_DTYPE_INT64;
    return TENSOR_DTYPE_UNDEFINED;
}

TensorDesc Described(const ov::Output<const ov::Node> &port, bool dynamic_batch) {
    const ov::Shape &shape = port.get_shape();
    TensorDesc desc{ov::shape_size(shape) * port.get_element_type().size(), port.get_any_name(), {shape.begin(), shape.end()}};
    if (dynamic_batch) {
        desc.tensorDims[0] = -1;
    }
    return desc;
}

struct Inside {
    explicit Inside(std::atomic<bool> &busy) : busy(busy), alone(!busy.exchange(true)) {}
    ~Inside() {
        if (alone) busy = false;
    }
    std::atomic<bool> &busy;
    const bool alone;
};
}  // namespace

class ModelInferenceProcessorDptr {
public:
    APP_ERROR Load(const std::string &path, ModelDesc &desc);
    void Describe(ModelDesc &desc);
    APP_ERROR Infer(const std::vector<TensorBase> &inputs, std::vector<TensorBase> &outputs, const DynamicInfo &info);
    APP_ERROR RunOnCores(size_t batch, const std::vector<TensorBase> &inputs, std::vector<TensorBase> &outputs);
    APP_ERROR Run(ov::InferRequest &request, size_t batch, const std::vector<TensorBase> &inputs, std::vector<TensorBase> &outputs);

    bool isInit = false;
    std::atomic<bool> busy{false};
    std::shared_ptr<MxCpu::CompiledModel> model;
    std::map<size_t, ov::InferRequest> requests;
    size_t inputCount = 1;
    std::vector<TensorDataType> outputTypes;
};

APP_ERROR ModelInferenceProcessorDptr::Load(const std::string &path, ModelDesc &into) {
    DeviceContext device;
    const std::string file = CpuModel(path);
    if (!IsFile(file)) {
        return APP_ERR_COMM_NO_EXIST;
    }
    if (DeviceManager::GetInstance()->GetCurrentDevice(device) != APP_ERR_OK) {
        return APP_ERR_ACL_FAILURE;
    }
    try {
        model = MxCpu::LoadModel(file);
        for (auto &[size, compiled] : model->by_batch) {
            requests[size] = compiled.create_infer_request();
        }
    } catch (const std::exception &) {
        model.reset();
        return APP_ERR_ACL_FAILURE;
    }
    Describe(into);
    isInit = true;
    return APP_ERR_OK;
}

void ModelInferenceProcessorDptr::Describe(ModelDesc &into) {
    const ov::CompiledModel &largest = model->Largest();
    for (const auto &output : largest.outputs()) {
        into.outputTensors.push_back(Described(output, false));
        outputTypes.push_back(TypeOf(output.get_element_type()));
    }
    into.inputTensors.push_back(Described(largest.input(0), model->dynamic_batch));
    if (model->dynamic_batch) {
        into.inputTensors.push_back({BATCH_INPUT_BYTES, BATCH_INPUT, {1}});
        inputCount = 2;
    }
    into.batchSizes = model->batch_sizes;
    into.dynamicBatch = model->dynamic_batch;
}

APP_ERROR ModelInferenceProcessorDptr::Infer(const std::vector<TensorBase> &inputs, std::vector<TensorBase> &outputs,
                                             const DynamicInfo &info) {
    const Inside inside(busy);
    const bool dynamic = info.dynamicType == DYNAMIC_BATCH;  // every other type counts as static here, as with the vendor
    if (dynamic && (inputs.empty() || outputs.empty())) {
        return APP_ERR_COMM_INVALID_PARAM;
    }
    DeviceContext device;
    if (!model || !inside.alone || dynamic != model->dynamic_batch ||
        DeviceManager::GetInstance()->GetCurrentDevice(device) != APP_ERR_OK) {
        return APP_ERR_ACL_FAILURE;
    }
    const size_t batch = dynamic ? info.batchSize : model->batch_sizes.front();
    if (requests.count(batch) == 0 || inputs.size() != inputCount || outputs.size() != outputTypes.size()) {
        return APP_ERR_ACL_FAILURE;
    }
    try {
        return RunOnCores(batch, inputs, outputs);
    } catch (const std::exception &) {
        return APP_ERR_ACL_FAILURE;
    }
}

// On one core, or, if the caller is alone, on all.
APP_ERROR ModelInferenceProcessorDptr::RunOnCores(size_t batch, const std::vector<TensorBase> &inputs, std::vector<TensorBase> &outputs) {
    const bool wide = MxCpu::alone && batch == model->batch_sizes.front();
    if (wide) model->wide.Make(model->by_batch.at(batch));
    const auto taken = wide ? model->wide.Take() : std::unique_lock<std::mutex>();
    return Run(taken ? model->wide.Request() : requests.at(batch), batch, inputs, outputs);
}

APP_ERROR ModelInferenceProcessorDptr::Run(ov::InferRequest &request, size_t batch, const std::vector<TensorBase> &inputs,
                                           std::vector<TensorBase> &outputs) {
    const ov::CompiledModel &compiled = model->by_batch.at(batch);
    const auto bind = [](const auto &port, const TensorBase &tensor) {
        const size_t bytes = ov::shape_size(port.get_shape()) * port.get_element_type().size();
        void *reached = tensor.IsDevice() && tensor.GetByteSize() >= bytes ? MxCpu::Reach(tensor.GetBuffer(), bytes) : nullptr;
        return reached ? ov::Tensor(port.get_element_type(), port.get_shape(), reached) : ov::Tensor();
    };
    const ov::Tensor image = bind(compiled.input(0), inputs[0]);
    if (!image) {
        return APP_ERR_ACL_FAILURE;
    }
    request.set_input_tensor(0, image);
    for (size_t index = 0; index < outputs.size(); ++index) {
        const ov::Tensor output = bind(compiled.output(index), outputs[index]);
        if (!output) {
            return APP_ERR_ACL_FAILURE;
        }
        request.set_output_tensor(index, output);
    }
    request.infer();
    return APP_ERR_OK;
}

ModelInferenceProcessor::ModelInferenceProcessor() : dPtr_(std::make_shared<ModelInferenceProcessorDptr>()) {}

APP_ERROR ModelInferenceProcessor::Init(std::string modelPath, ModelDesc &modelDesc) {
    return dPtr_->isInit ? static_cast<APP_ERROR>(APP_ERR_OK) : dPtr_->Load(modelPath, modelDesc);
}

APP_ERROR ModelInferenceProcessor::DeInit(void) {
    if (!dPtr_->model) {
        return APP_ERR_ACL_FAILURE;
    }
    dPtr_->requests.clear();
    dPtr_->model.reset();
    return APP_ERR_OK;
}

APP_ERROR ModelInferenceProcessor::ModelInference(const std::vector<TensorBase> &inputTensors, std::vector<TensorBase> &outputTensors,
                                                  DynamicInfo dynamicInfo) {
    return dPtr_->Infer(inputTensors, outputTensors, dynamicInfo);
}

std::vector<TensorDataType> ModelInferenceProcessor::GetOutputDataType() const { return dPtr_->outputTypes; }
}  // namespace MxBase

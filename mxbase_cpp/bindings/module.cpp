// The Python interface of the classifier. Every use of Python holds the interpreter's lock, which is taken once for all images
// that end together.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/variant.h>

#include <atomic>
#include <memory>
#include <optional>
#include <set>
#include <thread>

#include "mxclassify/batcher.h"
#include "mxclassify/classifier_config.h"
#include "mxclassify/decoder_warnings.h"
#include "mxclassify/device.h"

namespace nb = nanobind;
using namespace mxclassify;

namespace {
constexpr size_t LARGE_BYTES = 256 * 1024;

const char *NameOf(Outcome outcome) {
    switch (outcome) {
        case Outcome::kOk:
            return "ok";
        case Outcome::kUndecodable:
            return "undecodable";
        case Outcome::kExpired:
            return "expired";
        case Outcome::kCancelled:
            return "cancelled";
        case Outcome::kFailed:
            return "failed";
        case Outcome::kClosed:
            return "closed";
    }
    return "failed";
}

nb::object BytesOf(const std::vector<float> &scores) {
    static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the scores of all classes are little-endian");
    return scores.empty() ? nb::object(nb::none()) : nb::object(nb::bytes(scores.data(), scores.size() * sizeof(float)));
}

nb::tuple ResultOf(const Completion &completion) {
    nb::list best;
    for (const auto &[class_id, score] : completion.best) {
        best.append(nb::make_tuple(class_id, score));
    }
    nb::dict stages;
    stages["decode"] = completion.decode_s;
    stages["resize"] = completion.resize_s;
    stages["queue"] = completion.queue_s;
    stages["infer"] = completion.infer_s;
    stages["postprocess"] = completion.postprocess_s;
    return nb::make_tuple(completion.id, NameOf(completion.outcome), completion.error, best, stages, completion.batch, completion.gear,
                          BytesOf(completion.all));
}

// The receiver of results until the classifier is forgotten; by then its owner may be half destroyed. It outlives the classifier by as
// much as its threads do.
struct Sink {
    explicit Sink(nb::object on_results) : on_results(std::move(on_results)) {}

    ~Sink() {
        if (forgotten) return;
        const nb::gil_scoped_acquire locked;
        on_results.reset();
    }

    nb::object Forget() {
        forgotten = true;
        return std::move(on_results);
    }

    void Deliver(const std::vector<Completion> &done) const {
        if (forgotten) return;
        const nb::gil_scoped_acquire locked;
        const nb::object taker = on_results;  // Python may release it during the call
        if (!taker.is_valid()) return;
        try {
            nb::list results;
            for (const auto &completion : done) {
                results.append(ResultOf(completion));
            }
            taker(results);
        } catch (nb::python_error &error) {
            error.discard_as_unraisable("mxclassify.Classifier.on_results");
        }
    }

    nb::object on_results;
    std::atomic<bool> forgotten{false};
};

// A value of a wrong type stays empty: ConfigOf knows the right type for the message.
ConfigEntries EntriesOf(const nb::kwargs &arguments) {
    ConfigEntries entries;
    for (const auto &[name, value] : arguments) {
        nb::try_cast(value, entries[nb::cast<std::string>(name)], false);
    }
    return entries;
}

class Classifier {
public:
    Classifier(nb::object on_results, const nb::kwargs &arguments) : sink_(std::make_shared<Sink>(std::move(on_results))) {
        const ClassifierConfig config = ConfigOf(EntriesOf(arguments));
        const auto deliver = [sink = sink_](std::vector<Completion> done) { sink->Deliver(done); };
        {
            const nb::gil_scoped_release unlocked;
            batcher_ = std::make_unique<Batcher>(MakeBackend(config), config.batcher, deliver);
        }
        living.insert(this);
    }

    ~Classifier() { Drop(); }

    bool Submit(uint64_t number, const nb::bytes &image, double deadline_s, bool full, bool slow) {
        const auto *start = static_cast<const uint8_t *>(image.data());
        std::optional<nb::gil_scoped_release> unlocked;
        if (image.size() > LARGE_BYTES) unlocked.emplace();  // to copy it takes longer than others may wait for the lock
        return Open().Submit(number, Bytes(start, start + image.size()), deadline_s, full, slow);
    }

    void Cancel(uint64_t number) { Open().Cancel(number); }

    void Close(double drain_s) {
        const nb::gil_scoped_release unlocked;  // the delivery of the last results needs the lock
        Open().Close(drain_s);
    }

    size_t InFlight() const { return Open().InFlight(); }

    nb::list Gears() const {
        nb::list gears;
        for (const auto &[size, cost_s] : Open().costs().gears()) {
            gears.append(nb::make_tuple(size, cost_s));
        }
        return gears;
    }

    // The garbage collector may run in any thread, also in the delivering one, which cannot wait for its own end.
    void Drop() {
        living.erase(this);
        const nb::object taker = sink_->Forget();
        if (batcher_ && batcher_->InDelivery()) {
            std::thread([batcher = std::move(batcher_)]() mutable { batcher.reset(); }).detach();
        }
        const nb::gil_scoped_release unlocked;
        batcher_.reset();
    }

    PyObject *OnResults() const { return sink_->on_results.ptr(); }

    // Runs before the interpreter ends: later, Python would end a thread that asks for the lock, and C++ would then abort the process.
    static void CloseAll() {
        while (!living.empty()) {
            Classifier *const one = *living.begin();
            living.erase(one);
            const nb::object kept = nb::find(*one);
            one->Close(0);
        }
    }

private:
    Batcher &Open() const {
        if (!batcher_) {
            throw std::runtime_error("the classifier is gone");
        }
        return *batcher_;
    }

    static inline std::set<Classifier *> living;  // guarded by the interpreter's lock

    std::shared_ptr<Sink> sink_;
    std::unique_ptr<Batcher> batcher_;
};

// The trap of the process, for decoders in Python.
struct ProcessTrap {};

int Traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    if (nb::inst_ready(self)) {
        Py_VISIT(nb::inst_ptr<Classifier>(self)->OnResults());
    }
    return 0;
}

int Clear(PyObject *self) {
    nb::inst_ptr<Classifier>(self)->Drop();
    return 0;
}

PyType_Slot slots[] = {{Py_tp_traverse, reinterpret_cast<void *>(Traverse)}, {Py_tp_clear, reinterpret_cast<void *>(Clear)}, {0, nullptr}};
}  // namespace

NB_MODULE(_mxclassify, module) {
    nb::set_leak_warnings(false);  // the trap of a process lives as long as the process
    module.attr("RUNTIME") = MX_RUNTIME;
    module.attr("INTERFACE") = 4;  // since it reduces pictures; pipelines/classifier_config.py has the same number
    nb::exception<DeviceError>(module, "DeviceError", PyExc_RuntimeError);
    nb::class_<Classifier>(module, "Classifier", nb::type_slots(slots))
        .def(nb::init<nb::object, const nb::kwargs &>(), nb::arg("on_results"), nb::arg("config"))
        .def("submit", &Classifier::Submit, nb::arg("number"), nb::arg("image"), nb::arg("deadline_s"), nb::arg("full") = false,
             nb::arg("slow") = false)
        .def("cancel", &Classifier::Cancel, nb::arg("number"))
        .def("close", &Classifier::Close, nb::arg("drain_s") = 0.0)
        .def_prop_ro("in_flight", &Classifier::InFlight)
        .def_prop_ro("gears", &Classifier::Gears);
    nb::module_::import_("atexit").attr("register")(nb::cpp_function(&Classifier::CloseAll));
    nb::class_<ProcessTrap>(module, "StderrTrap")
        .def(nb::init<>())
        .def("__enter__", [](ProcessTrap &trap) -> ProcessTrap & { StderrTrap::Enter(); return trap; }, nb::rv_policy::reference)
        .def("__exit__", [](ProcessTrap &, const nb::args &) { StderrTrap::Leave(); })
        .def_prop_ro("sprung", [](ProcessTrap &) { return StderrTrap::Sprung(); });
}

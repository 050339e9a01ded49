"""The models of the conformance programs, made for the CPU runtime: ONNX graphs, and runs that are slow or fail on request.

A model that fails cannot be had from OpenVINO: `misbehave` stands in front of the runtime's own run of a model and delays,
fails or notes it as the `.json` beside the `.onnx` says. Everything else is the runtime's.
"""

import json
import time
from functools import wraps
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from pipelines.cpu.elements.compiled_model import CpuModel, ModelRunner


def graph(kind="sum", values="", batch=1, gears="", h=224, w=224, classes=3, dtype="uint8", **_unused):
    """`sum`: the mean of each byte plane; `const`: fixed logits whatever the picture."""
    leading, classes = "N" if gears else int(batch), int(classes)
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels"], ["means"], axes=[1, 2], keepdims=0),
    ]
    constants = []
    if kind == "const":
        logits = np.array([[float(value) for value in values.split(",")]], np.float32)
        classes = logits.shape[1]
        # OpenVINO makes zeros of denormal constants: those are scaled up, and down again by a factor it cannot fold in.
        small = np.abs(logits) < np.finfo(np.float32).smallest_normal
        factors = np.where(small, np.float32(2.0**-64), np.float32(1))
        with np.errstate(invalid="ignore"):
            logits = np.where(small, (logits.astype(np.float64) * 2.0**64).astype(np.float32), logits)
        # 0 * mean would be NaN for an infinite mean and keeps the batch dimension; the select leaves the logits' bits alone.
        constants = [numpy_helper.from_array(np.zeros((3, classes), np.float32), "zeros"), numpy_helper.from_array(logits, "logits")]
        constants.append(numpy_helper.from_array(factors, "factors"))
        nodes += [
            helper.make_node("MatMul", ["means", "zeros"], ["nothing"]),
            helper.make_node("Equal", ["nothing", "nothing"], ["always"]),
            helper.make_node("Where", ["always", "logits", "nothing"], ["scaled"]),
            helper.make_node("Where", ["always", "factors", "nothing"], ["factor"]),
            helper.make_node("Mul", ["scaled", "factor"], ["scores"]),
        ]
    else:
        nodes.append(helper.make_node("Identity", ["means"], ["scores"]))
    element = TensorProto.UINT8 if dtype == "uint8" else TensorProto.FLOAT
    image = helper.make_tensor_value_info("image", element, [leading, int(h), int(w), 3])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [leading, classes])
    model = helper.make_model(
        helper.make_graph(nodes, kind, [image], [scores], constants), opset_imports=[helper.make_opsetid("", 15)], ir_version=8
    )
    if gears:
        helper.set_model_props(model, {"batch_sizes": gears})
    return model.SerializeToString()


def make_beside(path):
    """Beside an .om that is a description, make the model it describes; on a CPU that is what runs."""
    om = Path(path)
    lines = om.read_bytes().decode("utf-8", "replace").splitlines()
    if om.suffix != ".om" or not lines or lines[0] != "STUBOM":
        return
    told = dict(line.split("=", 1) for line in lines[1:])
    om.with_suffix(".onnx").write_bytes(graph(**told))
    numbers = {key: int(told[key]) for key in ("delay_ms", "fail_at", "fail_every") if key in told}
    om.with_suffix(".json").write_text(json.dumps(numbers | {key: told[key] for key in ("log",) if key in told}))


def compile_once():
    """Compile equal models once: a hundred pipelines name the same, one after the other."""
    compile_model, compiled = CpuModel.__init__, {}

    @wraps(compile_model)
    def compile_or_take(self, path, *arguments):
        made = (path.read_bytes(), *arguments)
        if made not in compiled:
            compile_model(self, path, *arguments)
            compiled[made] = vars(self).copy()
        vars(self).update(compiled[made], path=path)

    CpuModel.__init__ = compile_or_take


def misbehave():
    """Make runs slow, failing or noted where a model's `.json` asks for it."""
    run = ModelRunner.run

    @wraps(run)
    def run_as_told(self, images, batch_size):
        sidecar = self.model.path.with_suffix(".json")
        told = json.loads(sidecar.read_text()) if sidecar.is_file() else {}
        self.model.runs = getattr(self.model, "runs", 0) + 1
        if "log" in told:
            with open(told["log"], "a") as file:
                file.write(json.dumps({"batch": batch_size, "t": time.monotonic()}) + "\n")
        time.sleep(told.get("delay_ms", 0) / 1000)
        if told.get("fail_at") == self.model.runs or ("fail_every" in told and self.model.runs % told["fail_every"] == 0):
            raise RuntimeError("told to fail")
        return run(self, images, batch_size)

    ModelRunner.run = run_as_told

"""Checks whether weights fit a network; one error names everything that does not fit."""

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from convert.conversion_errors import ConvertError
from models.printable import printable

Shape = tuple[int, ...]

MAX_NAMED = 10  # names per kind of fault
ONNX_WAY = (
    "export it as ONNX where it was trained, and import that file: "
    'torch.onnx.export(model.eval(), torch.randn(1, 3, 224, 224), "network.onnx")'
)
COUNTER = "num_batches_tracked"  # torch's step counter of batch normalisation; not a parameter
_FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE)


def fit(weights: Mapping[str, np.ndarray], shapes: Mapping[str, Shape], architecture: str) -> dict[str, np.ndarray]:
    """The parameters of `shapes` as float32; float32 arrays are not copied.

    Raises ConvertError for weights that are missing, of another shape, of another type than floating point, not finite (also after
    the conversion to float32), for variances below 0, and for unknown weights; step counters are ignored.
    """
    wrong: dict[str, list[str]] = {}
    fitting = {}
    for name, shape in shapes.items():
        found = weights.get(name)
        if found is None:
            wrong.setdefault("missing", []).append(f"{name} {shape}")
        elif found.shape != shape:
            wrong.setdefault("of another shape", []).append(f"{name} {found.shape} for {shape}")
        elif found.dtype.kind != "f":
            wrong.setdefault("not floating-point numbers", []).append(f"{name} {found.dtype}")
        else:
            with np.errstate(over="ignore"):  # a double too large for float32 becomes infinite, and the check below reports it
                parameter = fitting[name] = found.astype(np.float32, copy=False)
            if not np.isfinite(parameter).all():
                wrong.setdefault("not finite", []).append(name)
            elif name.endswith("running_var") and (parameter < 0).any():
                wrong.setdefault("variances below 0", []).append(name)
    surplus = [f"{name} {found.shape}" for name, found in weights.items() if name not in shapes and not name.endswith(COUNTER)]
    if surplus:
        wrong["unknown to the network"] = surplus
    if wrong:
        raise ConvertError(f"The weights do not fit {architecture}: {_listed(wrong)}.", _remedy(wrong))
    return fitting


def check_finite(network: onnx.ModelProto, *, infinities: bool = False) -> None:
    """Raise ConvertError with their names if weights of an ONNX network are not finite, or their size differs from their shape.

    With `infinities` only NaN is refused.
    """
    wrong: dict[str, list[str]] = {}
    for tensor in network.graph.initializer:
        if tensor.data_type in _FLOATS:
            try:
                values = numpy_helper.to_array(tensor)
                finite = not np.isnan(values).any() if infinities else np.isfinite(values).all()
            except ValueError:
                wrong.setdefault("damaged", []).append(tensor.name)
                continue
            if not finite:
                wrong.setdefault("not finite", []).append(tensor.name)
    if wrong:
        raise ConvertError(f"The network's weights cannot be used: {_listed(wrong)}.", _remedy(wrong))


def _listed(wrong: Mapping[str, list[str]]) -> str:
    return "; ".join(f"{len(names)} {kind}: {_named(names)}" for kind, names in wrong.items())


def _named(names: list[str]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(map(printable, names[:MAX_NAMED])) + more


def _remedy(wrong: Mapping[str, list[str]]) -> str:
    if "not finite" in wrong or "variances below 0" in wrong:
        return "The training has probably diverged; use another checkpoint."
    if "not floating-point numbers" in wrong:
        return f"If they are quantised, import the weights from before the quantisation; or {ONNX_WAY}"
    return f"Use a checkpoint of this architecture with the same number of classes; or, for a network of another form, {ONNX_WAY}"

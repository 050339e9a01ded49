"""Quantises a plain network with onnxruntime: QDQ, int8 weights per channel, uint8 activations.

onnxruntime is imported here only, and only when it is used: what serves runs without it.
"""

import io
import logging
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx

from convert.conversion_errors import ConvertError
from convert.networks.graph_edits import maker, rename, takers
from convert.networks.plain_network import dimensions, first_line, image_input, opset_of
from convert.plain_run import Floats, network_input
from convert.quantisation.picture_set import Pixels
from convert.quantisation.variant import CLASSIFIER, FIRST_CONVOLUTION, Part, Variant
from models.manifest import Recipe

OPSET = 13  # the first in which a scale belongs to a channel
TOOL = "onnxruntime"
METHOD = "static QDQ, int8 weights per channel, uint8 activations"
INSTALL = f"{shlex.quote(sys.executable)} -m pip install 'onnxruntime>=1.28'"  # as the extra `quantize`
PERCENTILE = 99.99
_LAYERS = ("Conv", "Gemm", "MatMul")


def tool_version() -> str:
    """The version of onnxruntime; raises ConvertError if it is not installed."""
    try:
        import onnxruntime.quantization  # noqa: F401 - whether it can be
    except ImportError as error:
        raise ConvertError(f"onnxruntime, which quantises the network, cannot be imported: {error}.", INSTALL) from error
    return version(TOOL)


class NetworkQuantiser:
    """Quantises one plain network in several ways; its files are in `folder`. Each calibration runs once."""

    def __init__(self, network: onnx.ModelProto, recipe: Recipe, folder: Path) -> None:
        """Prepare the network: batch normalisation goes into the convolutions. Raises ConvertError if onnxruntime cannot run it."""
        self._recipe, self._folder = recipe, folder
        self._prepared = folder / "prepared.onnx"
        self._batch = dimensions(image_input(network).type.tensor_type)[0] or 1
        with _quiet("prepare"):
            _prepare(network, self._prepared)

    def quantised(self, variant: Variant, pictures: Sequence[Pixels], done: Callable[[], None]) -> onnx.ModelProto:
        """The plain network in int8. `pictures`, uint8 [H, W, 3] in BGR, calibrate; memory holds one. Raises ConvertError."""
        from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

        made, ranges = self._folder / "quantised.onnx", self._folder / f"ranges-{variant.calibration}.json"
        for _ in pictures if ranges.exists() else ():
            done()  # an earlier variant has looked at them
        name = image_input(onnx.load(self._prepared, load_external_data=False)).name
        with _quiet("quantise"):
            quantize_static(
                self._prepared,
                made,
                _Reader(pictures, lambda pixels: {name: self._input(pixels)}, done),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                weight_type=QuantType.QInt8,
                activation_type=QuantType.QUInt8,
                nodes_to_exclude=[self._node_of(part) for part in variant.f32],
                calibrate_method=CalibrationMethod[variant.calibration],
                calibration_cache_path=ranges,
                # With a stride of one picture nothing else keeps them all; the symmetric default wastes half of uint8 after a ReLU.
                extra_options={"CalibStridedMinMax": 1, "CalibTensorRangeSymmetric": False, "CalibPercentile": PERCENTILE},
            )
        network = onnx.load(made)
        _keep_scores_in_f32(network.graph)
        used = [opset for opset in network.opset_import if opset.domain in {node.domain for node in network.graph.node}]
        network.ClearField("opset_import")  # onnxruntime adds its own operators, of which none is there
        network.opset_import.extend(used)
        return network

    def _input(self, pixels: Pixels) -> Floats:
        width, height = self._recipe.network_size_px
        top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2  # as the recipe crops in the artifact
        picture = network_input(pixels[top : top + height, left : left + width], self._recipe)
        return np.repeat(picture, self._batch, axis=0)

    def _node_of(self, part: Part) -> str:
        layers = [node.name for node in onnx.load(self._prepared, load_external_data=False).graph.node if node.op_type in _LAYERS]
        if not layers:
            raise ConvertError("The network has neither convolutions nor matrices, so int8 makes nothing faster.")
        return str({FIRST_CONVOLUTION: layers[0], CLASSIFIER: layers[-1]}[part])


class _Reader:
    """The pictures as onnxruntime asks for them (CalibrationDataReader): a range of them, then one by one."""

    def __init__(self, pictures: Sequence[Pixels], feed: Callable[[Pixels], dict[str, np.ndarray]], done: Callable[[], None]) -> None:
        self._pictures, self._feed, self._done = pictures, feed, done
        self._places: Iterator[int] = iter(range(len(pictures)))

    def __len__(self) -> int:
        return len(self._pictures)

    def set_range(self, start_index: int, end_index: int) -> None:
        self._places = iter(range(start_index, end_index))

    def get_next(self) -> dict[str, np.ndarray] | None:
        place = next(self._places, None)
        if place is None:
            return None
        self._done()
        return self._feed(self._pictures[place])


def _prepare(network: onnx.ModelProto, file: Path) -> None:
    from onnxruntime.quantization.shape_inference import quant_pre_process

    if opset_of(network) < OPSET:
        network = onnx.version_converter.convert_version(network, OPSET)
    quant_pre_process(network, file, skip_symbolic_shape=True)
    prepared = onnx.load(file)
    for place, node in enumerate(prepared.graph.node):
        node.name = node.name or f"{node.op_type}_{place}"  # by which a part stays in f32
    onnx.save(prepared, file)


def _keep_scores_in_f32(graph: onnx.GraphProto) -> None:
    """Take off the last pair of QuantizeLinear and DequantizeLinear: of 256 steps for all scores, the best two often share one."""
    scores = graph.output[0].name
    last = maker(graph, scores)
    before = maker(graph, last.input[0]) if last is not None and last.op_type == "DequantizeLinear" else None
    if last is None or before is None or before.op_type != "QuantizeLinear":
        return
    source = before.input[0]
    if len(takers(graph, source)) == 1 and maker(graph, source) is not None:
        graph.node.remove(last)
        graph.node.remove(before)
        rename(graph, source, scores)


@contextmanager
def _quiet(what: str) -> Iterator[None]:
    """Keep what onnxruntime prints to itself, and name the step that failed."""
    former = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    except ConvertError:
        raise
    except Exception as error:  # onnxruntime has no base class of its own
        raise ConvertError(f"onnxruntime cannot {what} the network: {first_line(error)}.", "Serve it in f32 or bf16.") from error
    finally:
        logging.disable(former)

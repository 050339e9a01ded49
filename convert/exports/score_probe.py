"""Runs a network on made pictures, to see what its outputs do."""

import numpy as np
import onnx
from numpy.typing import NDArray

from convert.conversion_errors import ConvertError
from convert.exports.embedded_recipe import PixelRange
from convert.networks.plain_network import image_input
from models.printable import printable
from pipelines.cpu.quiet_openvino import ov

Rows = NDArray[np.float64]
SEED = 0
_PLACES = ("Exception from", "Check '", "FrontEnd API", "Model wasn't fully converted", "--", "While validating", "Summary")
PICTURES = 12
_CONTRASTS = (1.0, 4.0, 0.1, 0, 0.03, 0.01)  # noise of little contrast lets a network doubt, so that no class has all the probability
MIXED = 1e-3  # of the scores' range: more than rounding makes of another place in the batch


def probe(network: onnx.ModelProto, values: list[str], shape: tuple[int, int, int, int], pixels: PixelRange) -> list[Rows]:
    """What the network computes for each of the values on made pictures, as rows [pictures, scores]; in OpenVINO, float32.

    `shape` is that of the input, [batch, 3, height, width]. Raises ConvertError if OpenVINO cannot run the network.
    """
    outputs = list(network.graph.output)
    inner = [onnx.ValueInfoProto(name=value) for value in values if value != outputs[0].name]
    network.graph.output.extend(inner)
    content = network.SerializeToString()
    del network.graph.output[len(outputs) :]
    places = {value.name: place for place, value in enumerate([*outputs, *inner])}
    answers: list[list[Rows]] = [[] for _ in places]
    try:
        core = ov.Core()
        model = core.read_model(content)
        model.reshape({model.input(0): list(shape)})
        request = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()
        for batch in pictures(shape, pixels):
            request.infer([batch])
            for place, rows in enumerate(answers):
                rows.append(np.array(request.get_output_tensor(place).data, np.float64).reshape(shape[0], -1))
    except (RuntimeError, ValueError) as error:
        name = image_input(network).name
        raise ConvertError(
            f"OpenVINO cannot run the network on {printable(name)} {list(shape)}: {_reason(error)}.",
            "Try the file with onnxruntime; export it again in opset 17, for a fixed image size.",
        ) from error
    return [np.concatenate(answers[places[value]]) for value in values]


def takes(network: onnx.ModelProto, shape: list[int]) -> bool:
    """Whether the network works for an input of this shape; ONNX's own inference does not compare channels."""
    try:
        model = ov.Core().read_model(network.SerializeToString())
        model.reshape({model.input(0): shape})
    except (RuntimeError, ValueError):
        return False
    return True


def mixes(network: onnx.ModelProto, shape: tuple[int, int, int, int], pixels: PixelRange) -> bool:
    """Whether a row of a plain network's scores depends on the other pictures of its batch, or belongs to another one.

    False for a network that takes no batch of two.
    """
    batch = max(shape[0], 2)
    first, second = pictures((batch, *shape[1:]), pixels)[:2]
    second[0] = first[0]
    turned = first[::-1].copy()
    try:
        model = ov.Core().read_model(network.SerializeToString())
        model.reshape({model.input(0): list(first.shape)})
        run = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        rows, others, backward = (np.array(run([each])[0], np.float64) for each in (first, second, turned))
    except (RuntimeError, ValueError):
        return False
    room = MIXED * max(float(np.ptp(rows)), 1e-6)
    return not (rows.shape[0] == batch and np.allclose(rows[0], others[0], 0, room) and np.allclose(rows, backward[::-1], 0, room))


def _reason(error: Exception) -> str:
    """The sentence of OpenVINO's report that says what is wrong: places in its own source come before it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(_PLACES)]
    return printable((told or lines or [type(error).__name__])[0].rstrip(".:"))


def pictures(shape: tuple[int, int, int, int], pixels: PixelRange) -> list[NDArray[np.float32]]:
    """Batches of made pictures: noise of several contrasts and pictures of one colour; the same in each run."""
    chance = np.random.default_rng(SEED)
    batches = max(PICTURES // shape[0], 2)
    made = [_picture(chance, shape[1:], _CONTRASTS[number % len(_CONTRASTS)], pixels) for number in range(batches * shape[0])]
    return [np.stack(made[start : start + shape[0]]) for start in range(0, len(made), shape[0])]


def _picture(chance: np.random.Generator, shape: tuple[int, int, int], contrast: float, pixels: PixelRange) -> NDArray[np.float32]:
    """One picture; without contrast it has one colour, and normalised pixels of a contrast above 1 go beyond what pictures have."""
    if contrast:
        levels = np.rint(127 + (chance.integers(0, 256, shape) - 127) * min(contrast, 1))
    else:
        levels = np.broadcast_to(chance.integers(0, 256, (shape[0], 1, 1)), shape).astype(np.float64)
    if pixels == "0-1":
        levels /= 255
    elif pixels != "0-255":
        levels = (levels - 127) / 60 * max(contrast, 1)
    picture: NDArray[np.float32] = levels.astype(np.float32)
    return picture

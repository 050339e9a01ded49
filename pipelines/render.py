"""Render a manifest to the `.pipeline` and `.cfg` texts that the vendor's users write by hand."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from models.manifest import MAX_TOP_K, ModelManifest

POST_PROCESS_LIBRARY = "libresnet50postprocess.so"

# With several batch sizes a frame waits this long for others. One image decodes in a few ms, and a batch must never
# wait longer than an inference takes; the vendor's default is 5000. A model of batch 1 ignores the value.
WAITING_TIME_MS = 2
SCORES_WAITING_TIME_MS = 1  # the minimum: a stream of scores holds one picture at a time

NETWORK, SINK = "mxpi_tensorinfer0", "appsink0"  # GetResult fetches the network's whole output by these names

Chain = list[tuple[str, dict[str, str]]]


@dataclass(frozen=True)
class PipelinePaths:
    """The files that a pipeline names; on a CPU `X.om` stands for the file `X.onnx` in the same folder."""

    model: str
    config: str
    labels: str


def render_config(manifest: ModelManifest, *, softmax: bool = True) -> str:
    """The `.cfg` of the post-process: probabilities, and as many classes as the vendor's plugin can return.

    Without `softmax` for a network that gives probabilities itself.
    """
    values = {"CLASS_NUM": str(manifest.classes), "SOFTMAX": "true" if softmax else "false", "TOP_K": str(min(MAX_TOP_K, manifest.classes))}
    return "".join(f"{key}={value}\n" for key, value in values.items())


def render_pipeline(
    manifest: ModelManifest, paths: PipelinePaths, stream_names: list[str], device_id: int = 0, scores_names: Iterable[str] = ()
) -> bytes:
    """The pipeline text with one stream per name, all equal and on one device.

    The streams of `scores_names` come next. They end after the network; GetResult returns its whole output.
    """
    classifying = _classification(manifest, paths)
    network = [*_network(manifest, paths, SCORES_WAITING_TIME_MS), _sink()]
    chains = dict.fromkeys(stream_names, classifying) | dict.fromkeys(scores_names, network)
    streams = {name: {"stream_config": {"deviceId": str(device_id)}, **_elements(chain)} for name, chain in chains.items()}
    return (json.dumps(streams, indent=4) + "\n").encode()


def render_picture_stream(manifest: ModelManifest, name: str) -> bytes:
    """The pipeline text of one stream that ends before the network: its last element makes the picture that the network takes."""
    return (json.dumps({name: _elements([*_picture(manifest), _sink()])}, indent=4) + "\n").encode()


def _picture(manifest: ModelManifest) -> Chain:
    return [("appsrc", {"blocksize": "409600"}), ("mxpi_imagedecoder", {"handleMethod": "opencv"}), *_geometry(manifest)]


def _network(manifest: ModelManifest, paths: PipelinePaths, waiting_time_ms: int) -> Chain:
    return [
        *_picture(manifest),
        ("mxpi_tensorinfer", {"modelPath": paths.model, "waitingTime": str(waiting_time_ms), "outputDeviceId": "-1"}),
    ]


def _classification(manifest: ModelManifest, paths: PipelinePaths) -> Chain:
    return [
        *_network(manifest, paths, WAITING_TIME_MS),
        (
            "mxpi_classpostprocessor",
            {"postProcessConfigPath": paths.config, "labelPath": paths.labels, "postProcessLibPath": POST_PROCESS_LIBRARY},
        ),
        ("mxpi_dataserialize", {"outputDataKeys": "mxpi_classpostprocessor0"}),
        _sink(),
    ]


def _sink() -> tuple[str, dict[str, str]]:
    return "appsink", {"blocksize": "4096000"}


def _elements(chain: Chain) -> dict[str, object]:
    names = [f"{factory}0" for factory, _ in chain]
    following = [*names[1:], None]
    return {
        name: {"props": props, "factory": factory} | ({"next": after} if after else {})
        for name, after, (factory, props) in zip(names, following, chain, strict=True)
    }


def _geometry(manifest: ModelManifest) -> Chain:
    """The pipeline's work on the pixels; the model does the rest of the recipe (AIPP, or folded into the model on a CPU)."""
    recipe = manifest.recipe
    match recipe.resize:  # mypy says so when a way to resize is missing here
        case "stretch":
            size = {"resizeWidth": str(recipe.resize_width_px), "resizeHeight": str(recipe.resize_height_px)}
            return [("mxpi_imageresize", {"handleMethod": "opencv", "resizeType": "Resizer_Stretch", **size})]
        case "short_side":
            width, height = recipe.input_size_px
            short = {"resizeType": "Resizer_KeepAspectRatio_Short", "scaleValue": str(recipe.resize_width_px)}
            return [
                ("mxpi_imageresize", {"handleMethod": "opencv", **short}),
                ("mxpi_opencvcentercrop", {"cropWidth": str(width), "cropHeight": str(height)}),
            ]

"""A manifest, once more: the configuration of the compiled classifier (mxbase_cpp)."""

from dataclasses import dataclass
from typing import Literal, TypedDict

from models.manifest import MAX_TOP_K, ModelManifest, Precision
from pipelines.reduction import Decode

MXCLASSIFY_INTERFACE = 5  # of the compiled module: another number was built from other sources


@dataclass(frozen=True)
class ClassifierLimits:
    """Limits of the classifier: decoding threads, concurrent batches on the device, images in flight.

    With `latency` an image that is alone is inferred on all cores of a CPU, by a second compiled model.
    """

    decoders: int
    lanes: int
    capacity: int
    latency: bool = False


class ClassifierConfig(TypedDict):
    """The keyword arguments of `mxclassify.Classifier`, and the keys of the JSON file that the program resnext101 reads."""

    model_path: str
    device_id: int
    resize: Literal["stretch", "short_side"]
    resize_width_px: int
    resize_height_px: int
    crop_width_px: int
    crop_height_px: int
    decode: Decode
    ranking: Literal["own", "sdk"]
    classes: int
    top_k: int
    softmax: bool
    decoders: int
    lanes: int
    capacity: int
    precision: Precision | Literal[""]
    latency: bool


def configure_classifier(
    manifest: ModelManifest,
    model_path: str,
    limits: ClassifierLimits,
    device_id: int = 0,
    ranking: Literal["own", "sdk"] = "own",
    *,
    softmax: bool = True,
    precision: Precision | Literal[""] = "",
    decode: Decode = "exact",
) -> ClassifierConfig:
    """The configuration of one chip's classifier. A stretched picture is cropped inside the model, as in the pipeline.

    Without `softmax` for a network that gives probabilities itself. `precision` is for a CPU, where none stands for f32; an OM has its own.
    """
    recipe = manifest.recipe
    crop_width_px, crop_height_px = recipe.input_size_px if recipe.resize == "short_side" else (0, 0)
    return {
        "model_path": model_path,
        "device_id": device_id,
        "resize": recipe.resize,
        "resize_width_px": recipe.resize_width_px,
        "resize_height_px": recipe.resize_height_px,
        "crop_width_px": crop_width_px,
        "crop_height_px": crop_height_px,
        "decode": decode,
        "ranking": ranking,
        "classes": manifest.classes,
        "top_k": min(MAX_TOP_K, manifest.classes),
        "softmax": softmax,
        "decoders": limits.decoders,
        "lanes": limits.lanes,
        "capacity": limits.capacity,
        "precision": precision,
        "latency": limits.latency,
    }

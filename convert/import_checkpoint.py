"""Imports weights into the store: a ResNeXt's checkpoint, or a plain ONNX network."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import onnx
from pydantic import ValidationError

from convert.artifact import write_artifact, write_onnx
from convert.checkpoints import read_checkpoint
from convert.conversion_errors import CheckpointRefused, ConvertError
from convert.exports.embedded_recipe import PixelRange, recipe_left
from convert.exports.export_file import export_sha256
from convert.exports.foreign_networks import refuse_foreign
from convert.exports.plain_form import read_plain
from convert.exports.score_type import ScoreType
from convert.fold import fold, unfold
from convert.known_transforms import TORCHVISION, TRAINING, USUAL_SIDE_PX, recipe_for
from convert.labels import Labels, labels_for
from convert.networks.architectures import build_network
from convert.networks.plain_network import classes_for, dimensions, image_input, input_size_px, is_onnx, weights_sha256
from convert.networks.resnext_naming import recognise
from models.manifest import Artifact, ModelManifest, Origin
from models.store import ModelStore, StoredModel, sha256_of
from models.store_writer import place_model, same_model, stored
from models.whole_file import FILE_MODE

Progress = Callable[[str], None]

ONNX = "onnx"
_STRANGE = re.compile(r"[^a-z0-9_.-]+")


@dataclass(frozen=True)
class Wishes:
    """The caller's wishes about the weights. None means: find the value in the file, or use a default and report it."""

    name: str | None = None
    architecture: str | None = None
    transform: str | None = None
    labels: Path | None = None
    classes: int | None = None
    version: str | None = None
    side_px: int | None = None
    batch_sizes: tuple[int, ...] = (1,)
    output: str | None = None
    score_type: ScoreType | None = None


@dataclass(frozen=True)
class _Found:
    """A plain network and the facts about it; `pixels` and `grey` say what of the recipe it does itself."""

    network: onnx.ModelProto
    architecture: str
    classes: int
    side_px: int
    format: str
    mindspore: bool
    told: str = ""
    pixels: PixelRange = "recipe"
    grey: bool = False


def import_checkpoint(
    path: Path, store: ModelStore, wishes: Wishes, *, force: bool = False, plain: Path | None = None, progress: Progress
) -> StoredModel:
    """Build the network of a weight file, fold the recipe in, and put it into the store; `plain` is the path for the network alone.

    Writes nothing unless everything fits. A model of that name with other weights, another recipe or a damaged manifest is
    replaced only with `force`. Raises CheckpointRefused, ConvertError.
    """
    progress(f"Reading {path.name}.")
    refuse_foreign(path)
    sha256 = _sha256(path)
    found = _read_onnx(path, wishes) if is_onnx(path) else _read_weights(path, wishes)
    progress(f"Found {found.architecture} with {found.classes} classes for {found.side_px}x{found.side_px} pixels ({found.format}).")
    if found.told:
        progress(found.told)
    _check_wish("classes", wishes.classes, found.classes)

    labels = labels_for(found.classes, wishes.labels)
    progress(labels.told)
    manifest = _manifest(path, sha256, found, labels, wishes, progress)
    former = stored(store, manifest.name)
    if not force and ((former and not same_model(former.manifest, manifest)) or (former is None and (store.root / manifest.name).exists())):
        raise ConvertError(
            f"{store.root / manifest.name} holds the weights of another file or another recipe.", "Use --force to replace them."
        )

    if plain and not plain.parent.is_dir():
        raise ConvertError(f"{plain.parent} is not a folder.", "Name an existing folder for the ONNX file.")
    artifact = fold(found.network, manifest, wishes.batch_sizes)

    def fill(folder: Path) -> Artifact:
        progress(f"Writing {manifest.name}.onnx.")
        (folder / labels.name).write_bytes(labels.content)
        (folder / labels.name).chmod(FILE_MODE)
        return write_artifact(artifact, folder / f"{manifest.name}.onnx", wishes.batch_sizes)

    model = place_model(store, manifest, fill, force=force)
    if plain:
        progress(f"Writing {plain}.")
        write_onnx(unfold(artifact), plain)
    progress(f"{manifest.name} is ready in {model.folder}.")
    return model


def _read_onnx(path: Path, wishes: Wishes) -> _Found:
    plain = read_plain(path, output=wishes.output, score_type=wishes.score_type, side_px=wishes.side_px)
    network = plain.network
    width, height = input_size_px(network) or (wishes.side_px or USUAL_SIDE_PX,) * 2
    if width != height:
        raise ConvertError(f"The network takes {width}x{height} pixels; only square pictures can be imported.")
    _check_wish("side", wishes.side_px, width)
    batch, fixed = wishes.batch_sizes[0] if wishes.batch_sizes else 1, dimensions(image_input(network).type.tensor_type)[0]
    try:
        classes = classes_for(network, batch, width, height)
    except ConvertError as error:
        if fixed in (None, batch):
            raise
        raise ConvertError(
            f"The network takes {fixed} pictures at a time, not {batch}.", f"Say it: --batch-sizes {fixed}, or export it with a free batch."
        ) from error
    mindspore = "mindspore" in network.producer_name.lower()
    return _Found(network, wishes.architecture or ONNX, classes, width, ONNX, mindspore, plain.told, plain.pixels, plain.grey)


def _read_weights(path: Path, wishes: Wishes) -> _Found:
    checkpoint = read_checkpoint(path)
    side_px = wishes.side_px or USUAL_SIDE_PX
    recognised = recognise(checkpoint.tensors)
    architecture = recognised.network.name
    if wishes.architecture not in (None, architecture):
        raise ConvertError(f"{path.name} holds a {architecture}, not a {wishes.architecture}.", "Leave out the architecture.")
    network = build_network(architecture, recognised.tensors, recognised.classes, (side_px, side_px))
    return _Found(network, architecture, recognised.classes, side_px, checkpoint.format, recognised.mindspore)


def _manifest(path: Path, sha256: str, found: _Found, labels: Labels, wishes: Wishes, progress: Progress) -> ModelManifest:
    chosen = wishes.transform or (TRAINING if found.mindspore else TORCHVISION)
    if not wishes.transform:
        progress(f"Assuming that these weights were trained with the transform {chosen}; use --transform for another one.")
    recipe, transform = recipe_for(chosen, found.side_px)
    recipe = recipe_left(recipe, found.pixels, grey=found.grey)
    try:
        return ModelManifest(
            name=wishes.name or (found.architecture if found.architecture != ONNX else _STRANGE.sub("-", path.stem.lower())),
            version=wishes.version or weights_sha256(found.network)[:8],
            description=f"{found.architecture}, {found.classes} classes, imported from {path.name}. {found.told}".removesuffix(". "),
            architecture=found.architecture,
            classes=found.classes,
            labels=labels.name,
            labels_sha256=labels.sha256,
            recipe=recipe,
            origin=Origin(file=path.name, sha256=sha256, format=found.format, output=wishes.output, score_type=wishes.score_type),
            transform=transform,
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise ConvertError(f"The model cannot be described: {first['loc'][0]}: {first['msg']}.", "Choose another name.") from error


def _check_wish(what: str, wanted: int | None, found: int) -> None:
    if wanted not in (None, found):
        raise ConvertError(f"The network's {what}: expected {wanted}, found {found}.")


def _sha256(path: Path) -> str:
    if not path.is_file():  # to open a FIFO would block until another process writes
        raise CheckpointRefused(f"{path} does not exist or is not a file.")
    try:
        return export_sha256(path) if is_onnx(path) else sha256_of(path)
    except OSError as error:
        raise CheckpointRefused(f"{path}: {error.strerror}.") from error

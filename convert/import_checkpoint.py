"""Imports weights into the store: a checkpoint, or an ONNX network."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import onnx
from pydantic import TypeAdapter, ValidationError

from convert.artifact import write_artifact, write_onnx
from convert.checkpoints import read_checkpoint
from convert.conversion_errors import CheckpointRefused, ConvertError
from convert.exports.embedded_recipe import PixelRange, recipe_left
from convert.exports.export_file import export_sha256
from convert.exports.foreign_networks import refuse_foreign
from convert.exports.plain_form import read_plain
from convert.exports.score_type import ScoreType
from convert.fold import fold, unfold
from convert.former_model import check_replaceable, with_former_version
from convert.labels import Labels, labels_for
from convert.networks.architectures import build_network
from convert.networks.plain_network import classes_for, dimensions, image_input, input_size_px, is_onnx, weights_sha256
from convert.networks.recognition import recognise
from convert.new_manifest import new_manifest
from convert.preprocessing.network_names import check_names
from convert.preprocessing.recipe_choice import USUAL_PX, RecipeWishes, choose_recipe, usual_recipe
from convert.preprocessing.said_recipe import Layout, Normalisation, SaidRecipe, SizePx
from convert.preprocessing.served_sizes import check_network_size
from convert.preprocessing.settled_recipe import SettledRecipe, settle
from models.manifest import Artifact, Golden, ModelManifest, ModelName, Origin
from models.printable import printable
from models.store import ModelStore, StoredModel, sha256_of
from models.store_writer import place_model, set_golden
from models.whole_file import FILE_MODE

Progress = Callable[[str], None]
Confirm = Callable[[SettledRecipe], bool]
Choose = Callable[[SizePx | None], SaidRecipe]
Prove = Callable[[StoredModel], tuple[bytes, Golden]]
"""Asks a model that is not in the store yet, and returns its golden image; raises ClassifyError if the answer is not the expected one."""

ONNX = "onnx"
_STRANGE = re.compile(r"[^a-z0-9_.-]+")


@dataclass(frozen=True)
class Wishes:
    """The caller's wishes about the weights. None means: find the value in the file, or use a default and report it."""

    name: str | None = None
    architecture: str | None = None
    recipe: RecipeWishes = field(default_factory=RecipeWishes)
    labels: Path | None = None
    classes: int | None = None
    version: str | None = None
    side_px: int | None = None
    batch_sizes: tuple[int, ...] = (1,)
    output: str | None = None
    score_type: ScoreType | None = None


@dataclass(frozen=True)
class _Found:
    """A plain network and the facts about it; `pixels`, `embedded` and `grey` say what of the recipe it does itself."""

    network: onnx.ModelProto
    architecture: str
    classes: int
    size_px: SizePx
    format: str
    mindspore: bool
    said: SaidRecipe
    told: str = ""
    pixels: PixelRange = "recipe"
    embedded: str = ""
    grey: bool = False


def accept(_settled: SettledRecipe) -> bool:
    """Confirm a recipe of which parts are assumed."""
    return True


def import_checkpoint(
    path: Path,
    store: ModelStore,
    wishes: Wishes,
    *,
    force: bool = False,
    plain: Path | None = None,
    progress: Progress,
    confirm: Confirm = accept,
    prove: Prove | None = None,
) -> StoredModel:
    """Build the network of a weight file, fold the recipe in, and put it into the store; `plain` is the path for the network alone.

    Writes nothing unless everything fits. A model of that name with other weights, another recipe or a damaged manifest is
    replaced only with `force`. `confirm` is asked about a recipe of which nothing says a part; `prove` sees the finished model before
    it is in the store. Raises CheckpointRefused, ConvertError, and what `prove` raises.
    """
    found, labels, manifest = _understand(path, wishes, progress, confirm)
    if not wishes.version:
        manifest = with_former_version(store, manifest)
    if not force:
        check_replaceable(store, manifest)
    if plain and not plain.parent.is_dir():
        raise ConvertError(f"{plain.parent} is not a folder.", "Name an existing folder for the ONNX file.")
    artifact = fold(found.network, manifest, wishes.batch_sizes)
    proofs: list[tuple[bytes, Golden]] = []

    def fill(folder: Path) -> Artifact:
        progress(f"Writing {manifest.name}.onnx.")
        (folder / labels.name).write_bytes(labels.content)
        (folder / labels.name).chmod(FILE_MODE)
        written = write_artifact(artifact, folder / f"{manifest.name}.onnx", wishes.batch_sizes)
        if prove:
            proofs.append(prove(StoredModel(manifest.model_copy(update={"artifacts": (written,)}), folder)))
        return written

    model = place_model(store, manifest, fill, force=force)
    if proofs:
        model = set_golden(model, *proofs[0])
    if plain:
        progress(f"Writing {plain}.")
        write_onnx(unfold(artifact), plain)
    return model


def _understand(path: Path, wishes: Wishes, progress: Progress, confirm: Confirm) -> tuple[_Found, Labels, ModelManifest]:
    """The network of a weight file, its labels and its manifest; says what is found and what is taken."""
    if wishes.name is not None:
        _check_name(wishes.name)
    progress(f"Reading {path.name}.")
    refuse_foreign(path)
    sha256 = _sha256(path)
    found = (_read_onnx if is_onnx(path) else _read_weights)(path, wishes, lambda size: choose_recipe(wishes.recipe, path, sha256, size))
    what = "an ONNX network" if found.architecture == ONNX else found.architecture
    of_format = "" if found.architecture == ONNX else f" ({found.format})"
    progress(f"Found {what} with {found.classes} classes for {'{}x{}'.format(*found.size_px)} pixels{of_format}.")
    if found.told:
        progress(found.told)
    _check_wish("classes", wishes.classes, found.classes)

    labels = labels_for(found.classes, wishes.labels)
    progress(labels.told)
    settled = _settled(path, found)
    if found.pixels == "unclear" and not wishes.recipe.normalises(found.said):
        raise ConvertError(
            f"The network begins with {found.embedded}, and one cannot tell which pixels it takes.",
            "Say it. For pixels of 0-1: --scale 1/255. For pixels of 0-255: --scale 1. For those of the training's normalisation: "
            "--mean and --std, or --recipe FILE.",
        )
    wanted, taken = wishes.recipe.options.normalisation, Normalisation(settled.recipe.mean, settled.recipe.std)
    if found.pixels in ("0-255", "0-1") and wanted not in (None, taken):
        raise ConvertError(
            f"The network normalises its pixels of {found.pixels} itself; another mean and deviation would come on top.",
            "Leave out --mean, --std and --scale.",
        )
    progress(settled.line)
    if settled.assumed and not confirm(settled):
        raise _unsaid(path, settled)
    manifest = _manifest(path, sha256, found, labels, wishes, settled)
    return found, labels, manifest


def _read_onnx(path: Path, wishes: Wishes, choose: Choose) -> _Found:
    hint = _wished_px(wishes) or wishes.recipe.options.network_size_px or USUAL_PX
    plain = read_plain(path, output=wishes.output, score_type=wishes.score_type, side_px=min(hint))
    network = plain.network
    fixed = input_size_px(network)
    if fixed:
        check_network_size(fixed)
        for side in fixed:
            _check_wish("side", wishes.side_px, side)
    said = choose(fixed or _wished_px(wishes))
    _check_layout(said, plain.layout)
    size_px = fixed or _wished_px(wishes) or said.network_size_px or USUAL_PX
    classes = _classes(network, wishes.batch_sizes[0] if wishes.batch_sizes else 1, size_px)
    mindspore = "mindspore" in network.producer_name.lower()
    architecture, told = wishes.architecture or ONNX, plain.told
    if (batch := dimensions(image_input(network).type.tensor_type)[0]) not in (None, *wishes.batch_sizes):
        sizes = ", ".join(map(str, wishes.batch_sizes))
        told += f" It was exported for a batch of {batch}, works for others, and is served in batches of {sizes}."
    return _Found(network, architecture, classes, size_px, ONNX, mindspore, said, told, plain.pixels, plain.embedded, plain.grey)


def _classes(network: onnx.ModelProto, batch: int, size_px: SizePx) -> int:
    try:
        return classes_for(network, batch, *size_px)
    except ConvertError as error:
        fixed = dimensions(image_input(network).type.tensor_type)[0]
        if fixed in (None, batch):
            raise
        raise ConvertError(
            f"The network takes {fixed} pictures at a time, not {batch}.", f"Say it: --batch-sizes {fixed}, or export it with a free batch."
        ) from error


def _read_weights(path: Path, wishes: Wishes, choose: Choose) -> _Found:
    checkpoint = read_checkpoint(path)
    recognised = recognise(checkpoint.tensors, wishes.classes)
    architecture = recognised.architecture
    if wishes.architecture not in (None, architecture):
        raise ConvertError(f"{path.name} holds a {architecture}, not a {wishes.architecture}.", "Leave out the architecture.")
    if wishes.architecture is None:
        check_names(path, wishes.recipe.file, checkpoint.architecture, architecture)
    own = recognised.normalises
    own_px = (recognised.side_px, recognised.side_px)
    hint = _wished_px(wishes) or wishes.recipe.options.network_size_px or (own_px if own_px != USUAL_PX else None)
    said = choose(hint)
    if own and not wishes.recipe.normalises(said):
        which = ", if its pixels are 0-1 (if they are 0-255, with --scale 1)" if own.unit else ""
        raise ConvertError(
            f"The network normalises its pixels itself ({printable(', '.join(own.names))} in {path.name}).",
            f"Say so in the recipe{which}: {own.options}",
        )
    _check_layout(said, "NCHW")
    size_px = _wished_px(wishes) or said.network_size_px or own_px
    network = build_network(architecture, recognised.tensors, recognised.classes, size_px)
    left_out = f"Left out, since it is not the network's: {printable(', '.join(checkpoint.left_out)[:200])}."
    replaced = f"The recipe says mean and deviation, and stands for {printable(', '.join(own.names))}." if own else ""
    told = "\n".join([*checkpoint.told, *recognised.told, *filter(None, [replaced, left_out if checkpoint.left_out else ""])])
    return _Found(network, architecture, recognised.classes, size_px, checkpoint.format, recognised.mindspore, said, told)


def _wished_px(wishes: Wishes) -> SizePx | None:
    return (wishes.side_px, wishes.side_px) if wishes.side_px else None


def _check_layout(said: SaidRecipe, layout: Layout) -> None:
    if said.layout not in (None, layout):
        raise ConvertError(f"The network takes {layout}, not {said.layout}.", f"Leave out --layout, or say --layout {layout}")


def _settled(path: Path, found: _Found) -> SettledRecipe:
    said, size_px = found.said, found.size_px
    if said.classes not in (None, found.classes):
        raise ConvertError(
            f"{said.sources[-1]} beside {path.name} is for {said.classes} classes, but the network has {found.classes}.",
            f"If its pictures are the right ones for these weights: --recipe {path.parent / said.sources[-1]}",
        )
    if found.pixels in ("0-255", "0-1") and said.normalisation is None:
        whole = 255.0 if found.pixels == "0-1" else 1.0
        said = replace(said, normalisation=Normalisation((0.0,) * 3, (whole,) * 3), sources=(*said.sources, "the network"))
    usual = usual_recipe(found.architecture, mindspore=found.mindspore, network_px=size_px)
    settled = settle(said, usual, size_px, channels=1 if found.grey else 3)
    left = recipe_left(settled.recipe, found.pixels, grey=found.grey)
    return settled if left.sha256 == settled.recipe.sha256 else replace(settled, recipe=left)


def _unsaid(path: Path, settled: SettledRecipe) -> ConvertError:
    return ConvertError(
        f"Nothing says how pictures reached {path.name} in its training ({', '.join(settled.assumed)}).",
        f"If the recipe printed above is right, add --yes. Else say it, with the right values: {settled.options}",
    )


def _manifest(path: Path, sha256: str, found: _Found, labels: Labels, wishes: Wishes, settled: SettledRecipe) -> ModelManifest:
    file = printable(path.name)
    told = "\n".join(map(printable, found.told.split("\n")))
    return new_manifest(
        name=wishes.name or (found.architecture if found.architecture != ONNX else _STRANGE.sub("-", path.stem.lower())),
        version=wishes.version or weights_sha256(found.network)[:8],
        description=f"{found.architecture}, {found.classes} classes, imported from {file}. {told}".removesuffix(". "),
        architecture=found.architecture,
        classes=found.classes,
        labels=labels.name,
        labels_sha256=labels.sha256,
        recipe=settled.recipe,
        origin=Origin(file=file, sha256=sha256, format=found.format, output=wishes.output, score_type=wishes.score_type),
        transform=settled.transform,
    )


def _check_name(name: str) -> None:
    try:
        TypeAdapter(ModelName).validate_python(name)
    except ValidationError as error:
        raise ConvertError(
            f"{name[:80]!r} cannot be the name of a model.",
            "Use at most 64 small letters a-z, digits, dots, hyphens and underscores; begin with a letter or a digit.",
        ) from error


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

"""OMs for the models of the store: ATC's inputs come from the manifest, its output goes into it."""

import shutil
from dataclasses import replace
from pathlib import Path

import onnx

from convert.aipp import aipp_of, check_aipp, read_aipp, render_aipp
from convert.atc.atc_source import ImageInput, read_source
from convert.atc.command import AtcCommand
from convert.atc.compile import CompiledOm
from convert.atc.work_folder import work_folder
from convert.conversion_errors import AtcFailed
from convert.fold import INPUT, unfold
from models.manifest import ModelManifest
from models.store import StoredModel
from models.store_writer import add_artifact
from models.whole_file import write_whole

RENDERED_AIPP = "aipp.config"


def model_command(
    model: StoredModel, soc: str, batch_sizes: tuple[int, ...], *, source: Path | None = None, aipp: Path | None = None
) -> AtcCommand:
    """The command that compiles a model of the store into `<name>.<soc>.om` in its folder; nothing is written.

    Without `source` it reads `<name>.plain.onnx`, without `aipp` `aipp.config`, which `write_inputs` makes.
    Raises AtcFailed, and AippInvalid for an `aipp` that is not the recipe.
    """
    manifest, folder = model.manifest, model.folder.absolute()
    if aipp:
        check_aipp(read_aipp(aipp), manifest)
    width, height = manifest.recipe.network_size_px
    command = AtcCommand(
        source.absolute() if source else folder / f"{manifest.name}.plain.onnx",
        aipp.absolute() if aipp else folder / RENDERED_AIPP,
        folder / f"{manifest.name}.{soc}.om",
        soc,
        batch_sizes,
        read_source(source) if source else ImageInput(INPUT, width, height),
    )
    command.check()
    check_image(command, manifest)
    return command


def check_belongs(command: AtcCommand, manifest: ModelManifest) -> None:
    """Raises AippInvalid or AtcFailed if what is to be compiled is not the model of that manifest, as far as it shows."""
    check_aipp(read_aipp(command.aipp), manifest)
    check_image(command, manifest)


def check_image(command: AtcCommand, manifest: ModelManifest) -> None:
    """Raises AtcFailed if the network sees pictures of another size than the recipe ends at; of an AIR that cannot be told."""
    image, size = command.image, manifest.recipe.network_size_px
    if image and (image.width_px, image.height_px) != size:
        raise AtcFailed(
            f"{command.source} takes {image.width_px}x{image.height_px}, the recipe of {manifest.name!r} ends at {size[0]}x{size[1]}.",
            "Take the network that belongs to the model.",
        )


def missing_inputs(command: AtcCommand) -> list[Path]:
    """Those of the command's files that are still to be written."""
    return [path for path in (command.source, command.aipp) if not path.exists()]


def write_inputs(model: StoredModel, command: AtcCommand) -> None:
    """Write those of ATC's inputs that are derived from the model, anew each time; raises ConvertError, AippInvalid, ArtifactDamaged."""
    folder = model.folder.absolute()
    if command.aipp == folder / RENDERED_AIPP:
        write_whole(command.aipp, render_aipp(aipp_of(model.manifest, "rgb888"), model.manifest).encode())
    if command.source == folder / f"{model.manifest.name}.plain.onnx":
        _, folded = model.check_artifact("cpu")
        network = unfold(onnx.load(folded, load_external_data=False))
        write_whole(command.source, network.SerializeToString(deterministic=True))
        image = read_source(command.source)
        replace(command, image=image).check()  # its batch may be fixed


def enter(om: CompiledOm, model: StoredModel) -> StoredModel:
    """Put a copy of an OM into the model's folder and manifest; raises ConvertError."""
    artifact = om.artifact(f"{model.manifest.name}.{om.command.soc}.om")
    with work_folder(model.folder) as work:
        return add_artifact(model, Path(shutil.copy(om.path, work.path / artifact.file)), artifact)

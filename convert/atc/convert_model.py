"""OMs for the models of the store: ATC's inputs come from the manifest; the OM goes into the manifest."""

import shutil
from dataclasses import replace
from pathlib import Path

import onnx

from convert.aipp import aipp_of, check_aipp, read_aipp, render_aipp
from convert.atc.atc_source import ImageInput, read_source
from convert.atc.command import AtcCommand
from convert.atc.compile import CompiledOm
from convert.atc.work_folder import work_folder
from convert.conversion_errors import AippInvalid, AtcFailed
from convert.fold import INPUT, unfold
from models.manifest import ModelManifest
from models.store import StoredModel
from models.store_writer import add_artifact
from models.whole_file import write_whole

RENDERED_AIPP = "aipp.config"
SERVED_FORMAT = "RGB888_U8"  # DVPP, which gives NV12, is not used: docs/decisions.md


def model_command(
    model: StoredModel, soc: str, batch_sizes: tuple[int, ...], *, source: Path | None = None, aipp: Path | None = None
) -> AtcCommand:
    """The command that compiles a model of the store into `<name>.<soc>.om` in its folder; does not write files.

    Default for `source` is `<name>.plain.onnx`, for `aipp` `aipp.config`; `write_inputs` makes both.
    Raises AtcFailed; raises AippInvalid for an `aipp` that differs from the recipe or takes other pixels than RGB888_U8.
    """
    manifest, folder = model.manifest, model.folder.absolute()
    if aipp:
        _check_config(aipp, manifest)
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
    """Raise AippInvalid or AtcFailed if the command's inputs visibly belong to another model than the manifest."""
    _check_config(command.aipp, manifest)
    check_image(command, manifest)


def _check_config(path: Path, manifest: ModelManifest) -> None:
    """Raise AippInvalid for a configuration that no engine can feed, or that differs from the recipe."""
    config = read_aipp(path)
    if config.input_format != SERVED_FORMAT:
        raise AippInvalid(
            f"{path}: input_format is {config.input_format}, and the engines here decode pictures to {SERVED_FORMAT} only.",
            f"Render one for that: ascend-classify convert aipp {manifest.name} -o aipp.config",
        )
    check_aipp(config, manifest)


def check_image(command: AtcCommand, manifest: ModelManifest) -> None:
    """Raise AtcFailed if the network's picture size is not the recipe's last size. The size of an AIR is not known."""
    image, size = command.image, manifest.recipe.network_size_px
    if image and (image.width_px, image.height_px) != size:
        raise AtcFailed(
            f"{command.source} takes {image.width_px}x{image.height_px}, but the recipe of {manifest.name!r} gives {size[0]}x{size[1]}.",
            "Use the network that belongs to the model.",
        )


def missing_inputs(command: AtcCommand) -> list[Path]:
    """The command's input files that do not exist yet."""
    return [path for path in (command.source, command.aipp) if not path.exists()]


def write_inputs(model: StoredModel, command: AtcCommand) -> None:
    """Write ATC's inputs that are derived from the model, always again; raises ConvertError, AippInvalid, ModelError."""
    folder = model.folder.absolute()
    if command.aipp == folder / RENDERED_AIPP:
        write_whole(command.aipp, render_aipp(aipp_of(model.manifest, "rgb888"), model.manifest).encode())
    if command.source == folder / f"{model.manifest.name}.plain.onnx":
        _, folded = model.check_artifact("cpu", network_only=True)  # AIPP brings the recipe
        network = unfold(onnx.load(folded, load_external_data=False))
        write_whole(command.source, network.SerializeToString(deterministic=True))
        image = read_source(command.source)
        replace(command, image=image).check()  # its batch may be fixed


def enter(om: CompiledOm, model: StoredModel) -> StoredModel:
    """Put a copy of an OM into the model's folder and manifest; raises ConvertError."""
    artifact = om.artifact(f"{model.manifest.name}.{om.command.soc}.om")
    with work_folder(model.folder) as work:
        copy = Path(shutil.copy(om.path, work.path / artifact.file))
        return add_artifact(model, copy, artifact, om.provenance.of_model(model.manifest).as_json())

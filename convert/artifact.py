"""Writes the CPU artifact: an ONNX file with the recipe folded in, which takes the same pixels as an OM with AIPP."""

from pathlib import Path
from typing import Literal

import onnx

from convert.conversion_errors import ConvertError
from convert.exports.constant_weights import move_constants
from convert.exports.embedded_recipe import recipe_left
from convert.exports.plain_form import read_plain
from convert.fold import check_fits, fold, unfold
from convert.networks.plain_network import weights_sha256
from models.manifest import CPU, Artifact
from models.model_errors import ArtifactDamaged, ModelNotPrepared
from models.quantisation import Quantisation
from models.store import StoredModel, sha256_of
from models.store_writer import add_artifact, workshop
from models.whole_file import write_whole


def write_artifact(folded: onnx.ModelProto, path: Path, batch_sizes: tuple[int, ...], quantisation: Quantisation | None = None) -> Artifact:
    """Write the folded model for these batch sizes; returns its entry for the manifest. Raises ConvertError.

    With a `quantisation` it is the int8 artifact.
    """
    write_onnx(folded, path)
    precision: Literal["int8"] | None = "int8" if quantisation else None
    return Artifact(
        file=path.name, sha256=sha256_of(path), soc=CPU, batch_sizes=batch_sizes, precision=precision, quantisation=quantisation
    )


def write_onnx(model: onnx.ModelProto, path: Path) -> None:
    """Write the whole file, mode 0640; after a failure the former file or none remains. The output is reproducible. Raises ConvertError."""
    write_whole(path, model.SerializeToString(deterministic=True))


def plain_network(model: StoredModel) -> onnx.ModelProto:
    """The network of a model's CPU artifact, without its recipe, which need not be the manifest's: it is about to be replaced.

    Raises ModelNotPrepared, ArtifactDamaged, ConvertError.
    """
    network = unfold(onnx.load(model.intact_artifact(CPU)[1], load_external_data=False))
    move_constants(network)  # as in an export that is read today, with whose weights these are compared
    return network


def convert_cpu(
    model: StoredModel, *, network: Path | None = None, batch_sizes: tuple[int, ...] | None = None, force: bool = False
) -> StoredModel:
    """Fold the recipe again into the model's network, or into that of an ONNX file, and put the artifact into the store.

    `batch_sizes` None keeps those of the present artifact. Another network than the present one is refused unless `force`, because
    the manifest and the artifacts for other chips belong to the present weights. The int8 artifact gets the same recipe and batch
    sizes; it is removed if the network is not the one that it was made from. Raises ConvertError.
    """
    artifact, int8 = model.manifest.artifact(CPU), model.manifest.artifact(CPU, "int8")
    with workshop(model.folder.parent) as folder:
        file = folder / (artifact.file if artifact else f"{model.manifest.name}.onnx")
        folded, sizes, same = _folded_again(model, network, batch_sizes, force=force)
        written = write_artifact(folded, file, sizes)
        quantised = _quantised_again(model, int8, folder, written) if int8 and same else None
        model = add_artifact(model, file, written, without=(int8,) if int8 and not same else ())
        return add_artifact(model, folder / quantised.file, quantised) if quantised else model


def _quantised_again(model: StoredModel, int8: Artifact, folder: Path, f32: Artifact) -> Artifact | None:
    """Write the int8 artifact with the manifest's recipe, for the batch sizes of the float32 one; None if its file is damaged."""
    try:
        path = model.checked(int8.file, int8.sha256)
    except ArtifactDamaged:
        return None
    folded = fold(unfold(onnx.load(path, load_external_data=False)), model.manifest, f32.batch_sizes, "int8")
    quantisation = int8.quantisation and int8.quantisation.model_copy(update={"f32_sha256": f32.sha256})
    return write_artifact(folded, folder / int8.file, f32.batch_sizes, quantisation)


def join_side_files(model: StoredModel, artifact: Artifact) -> None:
    """Put what an ONNX artifact keeps in other files into the artifact itself; nothing reads these files then.

    Raises ArtifactDamaged, ConvertError.
    """
    path = model.checked(artifact.file, artifact.sha256)
    try:
        network = onnx.load(path)
        with workshop(model.folder.parent) as folder:
            written = write_artifact(network, folder / path.name, artifact.batch_sizes, artifact.quantisation)
            add_artifact(model, folder / path.name, written)
    except (OSError, ValueError, onnx.checker.ValidationError) as error:
        raise ConvertError(f"{path} cannot be put into one file: {error}.", "Export it again, as one ONNX file below 2 GB.") from error


def write_cpu_file(
    model: StoredModel,
    path: Path,
    *,
    network: Path | None = None,
    batch_sizes: tuple[int, ...] | None = None,
    plain: bool = False,
    force: bool = False,
) -> None:
    """Write the same network into any file; `plain` leaves the recipe out. Raises ConvertError."""
    folded, *_ = _folded_again(model, network, batch_sizes, force=force)
    write_onnx(unfold(folded) if plain else folded, path)


def _folded_again(
    model: StoredModel, network: Path | None, batch_sizes: tuple[int, ...] | None, *, force: bool
) -> tuple[onnx.ModelProto, tuple[int, ...], bool]:
    """The folded network, its batch sizes, and whether it is known to be that of the present artifact."""
    artifact = model.manifest.artifact(CPU)
    sizes = batch_sizes or (artifact.batch_sizes if artifact else (1,))
    given, same = _given(model, network, force=force) if network else (plain_network(model), True)
    return fold(given, model.manifest, sizes), sizes, same


def _given(model: StoredModel, path: Path, *, force: bool) -> tuple[onnx.ModelProto, bool]:
    """The network of an ONNX file, and whether its weights are known to be those of the present artifact."""
    manifest, origin = model.manifest, model.manifest.origin
    output, score_type = (origin.output, origin.score_type) if origin else (None, None)
    plain = read_plain(path, output=output, score_type=score_type, side_px=min(manifest.recipe.network_size_px))
    given = plain.network
    if recipe_left(manifest.recipe, plain.pixels, grey=plain.grey).sha256 != manifest.recipe.sha256:
        raise ConvertError(
            f"The recipe of {manifest.name!r} does not fit the pixels of {path}, or normalises them twice. {plain.told}",
            f"Import the file as a model of its own: ascend-classify convert import {path} NAME",
        )
    check_fits(given, manifest, (1,))
    try:
        same = weights_sha256(given) == weights_sha256(plain_network(model))
    except (ModelNotPrepared, ArtifactDamaged):
        return given, False  # there is no float32 artifact that would become wrong
    if not same and not force:
        raise ConvertError(
            f"{path} has other weights than {manifest.name!r}.",
            "Import it as a model of its own (convert import), or use --force.",
        )
    return given, same

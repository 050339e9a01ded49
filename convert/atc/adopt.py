"""Takes an OM that does not say where it comes from: a person declares what it takes and gives, and everything that uses it says so."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from convert.atc.command import check_soc
from convert.atc.om import read_om_header
from convert.atc.provenance import Provenance, converter, now
from convert.atc.work_folder import work_folder
from convert.conversion_errors import ConvertError
from convert.labels import Labels, count_labels, labels_for
from convert.new_manifest import new_manifest
from convert.prepare import copy_zoo_labels
from convert.preprocessing.recipe_choice import declared_recipe
from convert.preprocessing.settled_recipe import SettledRecipe
from models.artifact_facts import provenance_path
from models.manifest import Artifact, ModelManifest, Recipe
from models.store import ModelStore, StoredModel, sha256_of, zoo_manifest, zoo_names
from models.store_writer import add_artifact, place_model
from models.whole_file import FILE_MODE, write_whole


@dataclass(frozen=True)
class Declaration:
    """What a person says of an OM. `recipe` and `labels` (a file) are needed where no model of the store or the zoo has them."""

    score_type: Literal["logit", "probability"]
    soc: str = "Ascend310"
    batch_sizes: tuple[int, ...] = (1,)
    recipe: Path | None = None
    labels: Path | None = None


def adopt(om: Path, store: ModelStore, name: str, declaration: Declaration) -> StoredModel:
    """Put a copy of the OM and what was declared of it into the store: into the model of that name, or as a new one.

    Raises OmInvalid if it is not an OM, ConvertError if what is declared differs from the model or is not enough, ModelError.
    """
    check_soc(declaration.soc)
    _check_batch_sizes(declaration.batch_sizes)
    read_om_header(om)
    settled = declared_recipe(declaration.recipe) if declaration.recipe else None
    if name in store.names():
        return _into(store.open(name), om, declaration, settled)
    if name in zoo_names():
        zoo = zoo_manifest(name)
        _check_same_recipe(zoo, settled)
        _check_same_labels(zoo, declaration.labels)
        own = zoo.model_copy(update={"version": sha256_of(om)[:8], "weights": None})  # whose the weights are, an OM does not say
        return _placed(store, own, om, declaration, None)
    if settled is None or declaration.labels is None:
        needed = "--recipe FILE.toml and --labels FILE"
        raise ConvertError(f"Neither the store nor the zoo has a model {name!r}, so nothing says what {om} takes.", f"Add {needed}")
    return _new(store, name, om, declaration, settled, declaration.labels)


def _into(model: StoredModel, om: Path, declaration: Declaration, settled: SettledRecipe | None) -> StoredModel:
    _check_same_recipe(model.manifest, settled)
    _check_same_labels(model.manifest, declaration.labels)
    artifact, told = _declared(om, model.manifest, declaration)
    with work_folder(model.folder) as work:
        return add_artifact(model, Path(shutil.copy(om, work.path / artifact.file)), artifact, told.as_json())


def _new(store: ModelStore, name: str, om: Path, declaration: Declaration, settled: SettledRecipe, file: Path) -> StoredModel:
    classes = count_labels(file)
    labels = labels_for(classes, file)
    manifest = new_manifest(
        name=name,
        version=sha256_of(om)[:8],
        description=f"{classes} classes, an OM of which was adopted: {om.name}",
        architecture="om",
        classes=classes,
        labels=labels.name,
        labels_sha256=labels.sha256,
        recipe=settled.recipe,
        transform=settled.transform,
    )
    return _placed(store, manifest, om, declaration, labels)


def _placed(store: ModelStore, manifest: ModelManifest, om: Path, declaration: Declaration, labels: Labels | None) -> StoredModel:
    artifact, told = _declared(om, manifest, declaration)

    def fill(folder: Path) -> Artifact:
        if labels:
            write_whole(folder / labels.name, labels.content)
        else:
            copy_zoo_labels(manifest, folder)
        shutil.copy(om, folder / artifact.file)
        (folder / artifact.file).chmod(FILE_MODE)
        told.write(provenance_path(folder / artifact.file))
        return artifact

    return place_model(store, manifest, fill)


def _declared(om: Path, manifest: ModelManifest, declaration: Declaration) -> tuple[Artifact, Provenance]:
    """The entry for the manifest, and what is written beside the OM."""
    file, sha256 = f"{manifest.name}.{declaration.soc}.om", sha256_of(om)
    artifact = Artifact(
        file=file,
        sha256=sha256,
        soc=declaration.soc,
        batch_sizes=declaration.batch_sizes,
        score_type=declaration.score_type,
        declared=True,
    )
    told = Provenance(
        om=file,
        om_sha256=sha256,
        source=str(om.absolute()),
        source_sha256=sha256,
        aipp="",
        aipp_sha256="",
        soc=declaration.soc,
        batch_sizes=declaration.batch_sizes,
        atc_version="",
        command="",
        started=now(),
        ended=now(),
        converter=converter(),
        score_type=declaration.score_type,
        declared=True,
    )
    return artifact, told.of_model(manifest)


def _check_batch_sizes(sizes: tuple[int, ...]) -> None:
    if not sizes or sizes[0] < 1 or list(sizes) != sorted(set(sizes)):
        listed = ",".join(map(str, sizes))
        raise ConvertError(f"The batch sizes {listed} are not rising positive numbers.", "Write them as --batch-sizes 1,2,4,8")


def _check_same_labels(manifest: ModelManifest, labels: Path | None) -> None:
    if labels and labels_for(manifest.classes, labels).sha256 != manifest.labels_sha256:
        raise ConvertError(f"{labels} has other labels than {manifest.name!r}.", "Leave out --labels, or take another name.")


def _check_same_recipe(manifest: ModelManifest, settled: SettledRecipe | None) -> None:
    if settled and settled.recipe.sha256 != manifest.recipe.sha256:
        pairs = zip(Recipe.model_fields, settled.recipe.model_dump().values(), manifest.recipe.model_dump().values(), strict=True)
        differing = "; ".join(f"{field} {said}, not {has}" for field, said, has in pairs if said != has and field != "trained_with")
        raise ConvertError(
            f"The recipe differs from that of {manifest.name!r}: {differing}.", "Leave out --recipe, or adopt it under another name."
        )

"""The model store: one folder per model. Every file is checked against the manifest before use."""

import hashlib
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from models.artifact_agreement import check_agreement
from models.manifest import CPU, Artifact, ModelManifest, Precision
from models.model_errors import ArtifactDamaged, ManifestInvalid, ModelNotFound, ModelNotPrepared, StoreRefused
from models.onnx_side_files import side_files
from models.rebuild_command import labels_remedy, prepare_remedy, rebuild_remedy, store_of
from models.text_file import read_text, text_lines

ZOO = Path(__file__).parent / "zoo"
MANIFEST = "manifest.toml"


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class StoredModel:
    """A model of the store: its manifest and the folder that holds its files."""

    manifest: ModelManifest
    folder: Path

    def checked(self, name: str, sha256: str) -> Path:
        """The path of one of the model's files; raises ArtifactDamaged unless its sha256 is the manifest's."""
        path = self.folder / name
        soc, precision = next(((each.soc, each.computes) for each in self.manifest.artifacts if each.file == name), (CPU, "f32"))
        of_labels = name == self.manifest.labels
        again = labels_remedy(self.manifest, self.folder) if of_labels else rebuild_remedy(self.manifest, self.folder, soc, precision)
        if not path.is_file():
            raise ArtifactDamaged(f"{path} is missing.", again)
        found = sha256_of(path)
        if found != sha256:
            raise ArtifactDamaged(f"{path} is not the file of the manifest: its sha256 is {found[:12]}…, not {sha256[:12]}….", again)
        return path

    def check_labels(self) -> Path:
        """The path of the `.names` file after a check of its hash and its lines; raises ArtifactDamaged."""
        self.read_class_names()
        return self.folder / self.manifest.labels

    def read_class_names(self) -> tuple[str, ...]:
        """The labels, by class id: as many as the manifest has classes; raises ArtifactDamaged."""
        path = self.checked(self.manifest.labels, self.manifest.labels_sha256)
        try:
            names = tuple(text_lines(read_text(path)))
        except ValueError as error:
            raise ArtifactDamaged(f"{path}: {error}.", "Import the model again with labels in UTF-8.") from error
        if len(names) != (classes := self.manifest.classes):
            what = f"{path} has {len(names)} lines, but the manifest of {self.manifest.name!r} has {classes} classes."
            raise ArtifactDamaged(what, labels_remedy(self.manifest, self.folder, intact=True))
        return names

    def side_files(self, artifact: Artifact) -> list[str]:
        """The files in which an ONNX artifact keeps weights, beside the one of the manifest."""
        path = self.folder / artifact.file
        return side_files(path) if path.suffix == ".onnx" and path.is_file() else []

    def check_artifact(self, soc: str, precision: Precision = "f32", *, network_only: bool = False) -> tuple[Artifact, Path]:
        """The artifact for one kind of device and its path, intact and made for this manifest. All that use an artifact ask here.

        On a CPU it is the one for this precision. With `network_only` it may have another recipe, for callers that take the network
        out of it. Raises ModelNotPrepared, ArtifactDamaged; ArtifactStale if it was made for another recipe, version, name or number of
        classes.
        """
        artifact, path = self.intact_artifact(soc, precision)
        check_agreement(self.manifest, artifact, self.folder, network_only=network_only)
        return artifact, path

    def intact_artifact(self, soc: str, precision: Precision = "f32") -> tuple[Artifact, Path]:
        """The same after a hash of the whole file, whatever manifest it was made for: what makes it again needs no more.

        Raises ModelNotPrepared, ArtifactDamaged.
        """
        artifact = self.manifest.artifact(soc, precision)
        if artifact is None:
            have = ", ".join(each.target for each in self.manifest.artifacts) or "none"
            wanted = f"{soc} int8" if soc == CPU and precision == "int8" else soc
            raise ModelNotPrepared(
                f"Model {self.manifest.name!r} has no artifact for {wanted} (it has: {have}).",
                rebuild_remedy(self.manifest, self.folder, soc, precision),
            )
        path = self.checked(artifact.file, artifact.sha256)
        if others := self.side_files(artifact):
            store = str(store_of(self.manifest, self.folder))
            command = shlex.join(["ascend-classify", "models", "renew", self.manifest.name, "--model-store", store])
            raise ArtifactDamaged(
                f"{path} keeps weights in {', '.join(others[:3])}, of which the manifest has no sha256.",
                f"If these are the right weights, put them into the one file: {command}",
            )
        return artifact, path


class ModelStore:
    """The models under one folder. The folder of one model is a store of that one, whatever its own name: others cannot be added."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def is_one_model(self) -> bool:
        """Whether the folder is that of a model."""
        return (self.root / MANIFEST).is_file()

    def folder(self, name: str) -> Path:
        """Where the model of that name lies, or would."""
        return self.root if self.is_one_model else self.root / name

    def check_takes_models(self) -> None:
        """Raise StoreRefused if models cannot be put into the store or removed from it."""
        if self.is_one_model:
            what = f"{self.root} is the folder of one model, and not a model store: it has a {MANIFEST}."
            raise StoreRefused(what, "Name the folder around it as --model-store.")

    def open(self, name: str) -> StoredModel:
        """The model of that name; raises ModelNotPrepared if only the zoo knows it, ModelNotFound if neither does, ManifestInvalid."""
        if name in self.names():
            folder = self.folder(name)
            manifest = ModelManifest.read(folder / MANIFEST)
            if manifest.name != name:
                what = f"{folder / MANIFEST}: name: it is {manifest.name!r}, but the model lies in the folder {name!r}."
                raise ManifestInvalid(what, f"Correct that field to {name!r}, or rename the folder.")
            return StoredModel(manifest, folder)
        if self.is_one_model:
            [own] = self.names()
            raise ModelNotFound(f"{self.root} is the folder of the model {own!r}, and not of {name!r}.", f"Use MODEL={own}, or no MODEL.")
        if name in zoo_names():
            raise ModelNotPrepared(f"Model {name!r} is not in {self.root.absolute()} yet.", prepare_remedy(zoo_manifest(name), self.root))
        known = ", ".join(sorted({*self.names(), *zoo_names()})) or "none"
        raise ModelNotFound(f"The model {name!r} is neither in {self.root.absolute()} nor in the zoo.", f"Known models: {known}")

    def manifest(self, name: str) -> ModelManifest:
        """The manifest of that name, from the store or else from the zoo; raises ModelNotFound."""
        return zoo_manifest(name) if name in zoo_names() and name not in self.names() else self.open(name).manifest

    def names(self) -> list[str]:
        """The prepared models, sorted; raises ManifestInvalid where the folder is that of one model."""
        if self.is_one_model:
            return [ModelManifest.read(self.root / MANIFEST).name]
        if not self.root.is_dir():
            return []
        return sorted(folder.name for folder in self.root.iterdir() if (folder / MANIFEST).is_file())

    def __iter__(self) -> Iterator[StoredModel]:
        return (self.open(name) for name in self.names())


def name_of_one(folder: Path) -> str:
    """The name of the model if this is the folder of one; else, or if the manifest cannot be read, an empty text."""
    try:
        name = tomllib.loads(read_text(folder / MANIFEST)).get("name")
    except (OSError, ValueError, RecursionError):
        return ""
    return name if isinstance(name, str) else ""


def zoo_names() -> list[str]:
    """The models that this project can prepare, sorted."""
    return sorted([*(path.stem for path in ZOO.glob("*.toml")), *(path.parent.name for path in ZOO.glob("*/manifest.toml"))])


def zoo_folder(name: str) -> Path:
    """The folder with the labels of a known model: its own folder, or the zoo's."""
    return ZOO / name if (ZOO / name / "manifest.toml").is_file() else ZOO


def zoo_manifest_path(name: str) -> Path:
    """The path of the recipe of a known model; raises ModelNotFound."""
    if name not in zoo_names():
        raise ModelNotFound(f"The zoo has no model {name!r}.", f"It has: {', '.join(zoo_names())}")
    folder = zoo_folder(name)
    return ZOO / f"{name}.toml" if folder == ZOO else folder / "manifest.toml"


def zoo_manifest(name: str) -> ModelManifest:
    """The recipe of a known model, without artifacts; raises ModelNotFound."""
    return ModelManifest.read(zoo_manifest_path(name))

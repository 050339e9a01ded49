"""The model in whose folder a file is."""

from pathlib import Path

from convert.inspection.findings import Remark
from models.manifest import Artifact, ModelManifest
from models.model_errors import ManifestInvalid
from models.rebuild_command import rebuild_remedy

MANIFEST = "manifest.toml"


class Context:
    """The manifest in the file's folder, if there is one; `findings` report an unreadable one."""

    def __init__(self, folder: Path, manifest: ModelManifest | None = None) -> None:
        self.folder = folder
        self.manifest = manifest
        self.findings: list[Remark] = []
        if manifest is None and (folder / MANIFEST).is_file():
            try:
                self.manifest = ModelManifest.read(folder / MANIFEST)
            except ManifestInvalid as error:
                self.findings.append(Remark.of(error))

    def rebuild(self, soc: str) -> str:
        """What makes the artifact for a chip, or for a CPU, again."""
        return rebuild_remedy(self.manifest, self.folder, soc) if self.manifest else "Convert it again."

    def artifact(self, path: Path) -> Artifact | None:
        """The manifest's entry for a file, by its name."""
        return next((artifact for artifact in self.manifest.artifacts if artifact.file == path.name), None) if self.manifest else None

"""`X.om.json`: the origin of an OM, so that a person can understand it and make the OM again."""

import json
import shlex
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from models.manifest import ModelManifest
from models.whole_file import write_whole


@dataclass(frozen=True)
class Provenance:
    """The input and output files and the command; times are ISO 8601 with the UTC offset.

    `model` to `score_type` say for which manifest the OM was made, empty for an OM of no model. `declared` says that a person vouched
    for it, and no program compiled it (models/artifact_facts.py reads these). `precision` is empty where nobody knows it.
    """

    om: str
    om_sha256: str
    source: str
    source_sha256: str
    aipp: str
    aipp_sha256: str
    soc: str
    batch_sizes: tuple[int, ...]
    atc_version: str
    command: str
    started: str
    ended: str
    converter: str
    model: str = ""
    version: str = ""
    recipe_sha256: str = ""
    classes: int = 0
    score_type: str = "logit"
    declared: bool = False
    precision: str = ""

    def of_model(self, manifest: ModelManifest) -> "Provenance":
        """The same, for an OM that was made for this manifest."""
        return replace(self, model=manifest.name, version=manifest.version, recipe_sha256=manifest.recipe.sha256, classes=manifest.classes)

    def write(self, path: Path) -> None:
        """Write it in one step; raises ConvertError."""
        write_whole(path, self.as_json())

    def as_json(self) -> bytes:
        """The content of the file."""
        return f"{json.dumps(asdict(self), indent=2)}\n".encode()


def shell_line(arguments: tuple[str, ...]) -> str:
    """The call of ATC as one line that a shell takes as it is."""
    return shlex.join(("atc", *arguments))


def now() -> str:
    """The current time, in whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def converter() -> str:
    """The name and version of this program."""
    return f"ascend-classify {version('ascend-classify')}"

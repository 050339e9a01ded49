"""`X.om.json`: the origin of an OM, so that a person can understand it and make the OM again."""

import json
import shlex
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from models.whole_file import write_whole


@dataclass(frozen=True)
class Provenance:
    """The input and output files and the command; times are ISO 8601 with the UTC offset."""

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

    def write(self, path: Path) -> None:
        """Write it in one step; raises ConvertError."""
        write_whole(path, f"{json.dumps(asdict(self), indent=2)}\n".encode())


def provenance_path(om: Path) -> Path:
    """The path of the provenance of an OM."""
    return om.with_name(f"{om.name}.json")


def shell_line(arguments: tuple[str, ...]) -> str:
    """The call of ATC as one line that a shell takes as it is."""
    return shlex.join(("atc", *arguments))


def now() -> str:
    """The current time, in whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def converter() -> str:
    """The name and version of this program."""
    return f"ascend-classify {version('ascend-classify')}"

"""`X.om.json`: where an OM comes from, so that it can be told, and made, again."""

import json
import shlex
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from models.whole_file import write_whole


@dataclass(frozen=True)
class Provenance:
    """The files that went in and came out, and what was run; times are ISO 8601 with UTC's offset."""

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
    """Where the provenance of an OM stands."""
    return om.with_name(f"{om.name}.json")


def shell_line(arguments: tuple[str, ...]) -> str:
    """The call of ATC as one line that a shell takes as it is."""
    return shlex.join(("atc", *arguments))


def now() -> str:
    """To the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def converter() -> str:
    """The program that wrote it, and its version."""
    return f"ascend-classify {version('ascend-classify')}"

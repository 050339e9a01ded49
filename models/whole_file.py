"""Writes a file so that an interruption leaves the former one or none, never half of it."""

from pathlib import Path

from models.model_errors import StoreRefused

FILE_MODE = 0o640  # no more than the vendor's runtime allows for an OM, so that one rule covers all artifacts


def write_whole(path: Path, content: bytes) -> None:
    """Write beside the place, then rename; raises StoreRefused if the folder does not take it."""
    unfinished = path.with_name(path.name + ".tmp")
    try:
        try:
            unfinished.write_bytes(content)
            unfinished.chmod(FILE_MODE)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise StoreRefused(f"{path}: {error.strerror}.", "See that its folder is there, can be written to and has room.") from error

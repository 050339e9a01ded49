"""A labelled set as the pieces of a form: an archive as it is, or a folder that becomes a tar while it is sent."""

import os
import tarfile
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

from ascend_classify_client.client_errors import SetInvalid

CHUNK_BYTES = 256 * 1024
BOUNDARY = uuid.uuid4().hex
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def upload(path: Path, fields: Mapping[str, str]) -> Iterator[bytes]:
    """The form, piece by piece; raises SetInvalid for a file that cannot be read or changes meanwhile."""
    for name, value in fields.items():
        yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="archive"; filename="set"\r\n\r\n'.encode()
    try:
        yield from _tar(path) if path.is_dir() else _file(path, path.stat().st_size)
    except OSError as error:
        raise SetInvalid(f"{error.filename or path} cannot be read: {error.strerror}.") from error
    yield f"\r\n--{BOUNDARY}--\r\n".encode()


def _tar(folder: Path) -> Iterator[bytes]:
    """The plain files of a folder, in the order of their names; links are followed, also those of folders; what is hidden is left out."""
    for path in _files(folder):
        info = tarfile.TarInfo(path.relative_to(folder).as_posix())
        info.size = path.stat().st_size
        yield info.tobuf()
        yield from _file(path, info.size)
        yield bytes(-info.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _files(folder: Path) -> Iterator[Path]:
    left: list[tuple[Path, frozenset[str]]] = [(folder, frozenset())]
    while left:
        where, above = left.pop()
        here = os.path.realpath(where)
        if here in above:
            raise SetInvalid(f"{where} is a link to a folder that it is in, so the set has no end. Remove the link.")
        with os.scandir(where) as listed:
            entries = sorted((entry for entry in listed if not entry.name.startswith(".")), key=lambda entry: entry.name)
        yield from (Path(entry.path) for entry in entries if entry.is_file())
        left += [(Path(entry.path), above | {here}) for entry in reversed(entries) if entry.is_dir()]


def _file(path: Path, left_bytes: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        while left_bytes and (chunk := file.read(min(CHUNK_BYTES, left_bytes))):
            left_bytes -= len(chunk)
            yield chunk
    if left_bytes:
        raise SetInvalid(f"{path} became shorter while it was sent.")

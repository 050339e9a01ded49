"""Zip archives as torch lays them out, whole or wrong."""

import io
import zipfile
from collections.abc import Mapping, Sequence


def archive(entries: Mapping[str, bytes] | Sequence[tuple[str, bytes]], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, data in entries.items() if isinstance(entries, Mapping) else entries:
            file.writestr(zipfile.ZipInfo(name), data, compression)  # of 1980, so that a parameter's id is the same in each process
    return buffer.getvalue()

"""Zip archives as torch lays them out, whole or wrong."""

import io
import zipfile


def archive(entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, data in entries.items():
            file.writestr(zipfile.ZipInfo(name), data, compression)  # of 1980, so that a parameter's id is the same in each process
    return buffer.getvalue()

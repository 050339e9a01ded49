"""The header of an OM file (ascend.md 4.5); convert/om_facts.py reads the model itself."""

import struct
from dataclasses import dataclass
from pathlib import Path

from convert.conversion_errors import OmInvalid

MAGIC = b"IMOD"
HEADER_BYTES = 256
# magic, headsize, version, checksum[64], length, is_encrypt, is_checksum, modeltype, genmode, name[32], ops,
# userinfo[32], om_ir_version, model_num, platform_version[20], platform_type
_HEADER = struct.Struct("<4sII64sIBBBB32sI32sII20sB")
_MODEL_TYPES = {0: "IR", 1: "standard", 2: "tiny", 3: "flow"}


@dataclass(frozen=True)
class OmHeader:
    """The data of the first 256 bytes; `length_bytes` is the length after them. `warnings` are sentences for a person."""

    version: int
    length_bytes: int
    model_type: str
    name: str
    ir_version: int
    model_num: int
    warnings: tuple[str, ...] = ()


def read_om_header(path: Path) -> OmHeader:
    """The header, checked like in the vendor's runtime; raises OmInvalid for a file that is not an OM, is cut off, or is encrypted."""
    try:
        with path.open("rb") as file:
            start = file.read(HEADER_BYTES)
            size = path.stat().st_size
    except OSError as error:
        raise OmInvalid(f"{path} cannot be read: {error.strerror}.", "Name an OM file.") from error
    if len(start) < HEADER_BYTES or not start.startswith(MAGIC):
        raise OmInvalid(f"{path} is not an OM: it does not begin with a header of 256 bytes and {MAGIC.decode()}.", "Convert it again.")
    _, head, version, _, length, encrypted, _, kind, _, name, _, _, ir_version, number, _, _ = _HEADER.unpack_from(start)
    if head != HEADER_BYTES:
        raise OmInvalid(f"{path}: the header gives its own size as {head} bytes, not {HEADER_BYTES}.", "Convert it again.")
    if encrypted:
        raise OmInvalid(f"{path} is encrypted.", "This project cannot load it: convert without encryption.")
    return OmHeader(
        version,
        size - HEADER_BYTES,
        _MODEL_TYPES.get(kind, str(kind)),
        name.split(b"\0")[0].decode("utf-8", "replace"),
        ir_version,
        number,
        _length_warnings(path, length, size - HEADER_BYTES),
    )


def _length_warnings(path: Path, said: int, found: int) -> tuple[str, ...]:
    if found and (said == found):
        return ()
    if found and (said == 0 or found >= 2**32):  # newer CANN keeps the length in a 64-bit field
        return (f"The length of {path.name} could not be checked: its header has no 32-bit length.",)
    raise OmInvalid(f"{path} is cut off or damaged: its header announces {said} bytes, but {found} follow.", "Convert it again.")

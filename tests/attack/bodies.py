"""Bodies that cost a server much: small ones that grow, large ones that fail late. Attackers read them from files."""

import bz2
import gzip
import io
import json
import os
import struct
import tarfile
import zlib
from functools import cache
from pathlib import Path
from zipfile import ZipFile

import cv2
import numpy as np

from server.grpc.open_inference_pb2 import ModelInferRequest
from server.images.exif import write_orientation
from tests.factories.tensor_bodies import Body, base64_body, image_body, pixels_body
from tests.level_model import level_png
from tests.server.grpc.served_grpc import infer_message
from tests.soak.image_parts import Part, put_together, take_apart
from tests.soak.image_seeds import SEEDS, png_chunk

LARGE_BYTES = 19 * 1024 * 1024  # of at most 20
SIDE_PX = 7000  # 49 megapixels of at most 50
LONG_NAME_BYTES = 512 * 1024 * 1024
FOLDERS = 60_000
ZIP_ENTRIES = 200_000


def png(side_px: int, pixels: bytes, *more: bytes) -> bytes:
    """An RGB picture of this side whose data need not fit, with more chunks before them."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + png_chunk(b"IDAT", pixels) + png_chunk(b"IEND", b"")


def large_failing() -> dict[str, bytes]:
    """Of 19 MB: damaged, of too many pixels, with another picture's data, and intact with bytes behind it."""
    good, behind = level_png(8), bytes(LARGE_BYTES)
    return {
        "damaged": good[:60] + behind,
        "huge": png(10_000, b"") + behind,
        "inside": png(64, bytes(LARGE_BYTES)),
        "late": good + behind,
    }


def endless_png() -> bytes:
    """A PNG of 64x64 pixels and 19 MB, with 19 gigabytes behind its last row."""
    rows = zlib.compressobj(9)
    first = rows.compress(bytes(2**26)) + rows.flush(zlib.Z_FULL_FLUSH)
    piece = rows.compress(bytes(2**26)) + rows.flush(zlib.Z_FULL_FLUSH)
    return png(64, first + piece * ((LARGE_BYTES - len(first)) // len(piece)))


@cache
def turned_png() -> bytes:
    """A flat picture of 49 megapixels that EXIF turns: 150 KB."""
    rows = zlib.compressobj(9)
    packed = b"".join(rows.compress(bytes(1 + 3 * SIDE_PX)) for _ in range(SIDE_PX)) + rows.flush()
    return png(SIDE_PX, packed, png_chunk(b"eXIf", write_orientation(6)))


@cache
def progressive_jpeg() -> bytes:
    """A flat picture of 49 megapixels in ten scans: as costly as the server takes, in a small file."""
    picture = np.full((SIDE_PX, SIDE_PX, 3), 90, np.uint8)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()


def many_scans() -> bytes:
    """A JPEG of 100 long scans, 19 MB."""
    parts = take_apart(SEEDS["jpeg, progressive"])
    at = next(index for index, part in enumerate(parts) if part.name == b"\xff\xda")
    scan = bytes(range(1, 255)) * (LARGE_BYTES // 100 // 254)
    return put_together([*parts[:at], *[parts[at], Part(b"", scan)] * 100], "jpeg")


def long_name_tar() -> bytes:
    """A tar.bz2 of 50 KB: the name of its only file has half a gigabyte."""
    member = tarfile.TarInfo("././@LongLink")
    member.type, member.size = tarfile.GNUTYPE_LONGNAME, LONG_NAME_BYTES
    piece = bz2.compress(b"a" * 2**24)
    return bz2.compress(member.tobuf(tarfile.GNU_FORMAT)) + piece * (LONG_NAME_BYTES // 2**24) + bz2.compress(bytes(1024))


def folders_tar() -> bytes:
    """A tar.gz of 60,000 empty folders."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as plain:
        for number in range(FOLDERS):
            member = tarfile.TarInfo(f"{number}/a/b/c")
            member.type = tarfile.DIRTYPE
            plain.write(member.tobuf())
        plain.write(bytes(1024))
    return packed.getvalue()


def many_entries_zip() -> bytes:
    """A zip whose directory lists one file 200,000 times."""
    packed = io.BytesIO()
    with ZipFile(packed, "w") as archive:
        archive.writestr("a.png", b"")
    whole = packed.getvalue()
    start = whole.index(b"PK\1\2")
    end = whole.index(b"PK\5\6")
    directory = whole[start:end] * ZIP_ENTRIES
    return whole[:start] + directory + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, len(directory), start, 0)


def tensors() -> dict[str, Body]:
    """Of the Open Inference Protocol over HTTP: 32 slow pictures, 19 MB of pixels, and pictures that EXIF turns in base64."""
    return {
        "slow.tensor": image_body([progressive_jpeg()] * 32),
        "pixels.tensor": pixels_body(2500),
        "base64.tensor": base64_body([turned_png()] * 8),
    }


def message(images: list[bytes]) -> bytes:
    """Of gRPC."""
    return bytes(infer_message(ModelInferRequest, images).SerializeToString())


def write_bodies(folder: Path) -> None:
    """All of them, as files, with the headers of the tensors; and `good.png`, which is answered."""
    failing, over_http = large_failing(), tensors()
    bodies = failing | {
        "good.png": level_png(48),
        "bomb.jpg": Path(__file__).with_name("arithmetic_bomb.jpg").read_bytes(),
        "turned.png": turned_png(),
        "progressive.jpg": progressive_jpeg(),
        "scans.jpg": many_scans(),
        "name.tar.bz2": long_name_tar(),
        "folders.tar.gz": folders_tar(),
        "entries.zip": many_entries_zip(),
        "slow.message": message([progressive_jpeg()] * 32),
        "large.message": message([failing["late"]]),
        "tensors.json": json.dumps({name: headers for name, (_, headers) in over_http.items()}).encode(),
    }
    bodies |= {name: body for name, (body, _) in over_http.items()}
    for name, body in bodies.items():
        (folder / name).write_bytes(body)


def write_trap(folder: Path) -> None:
    """A labelled set whose images are a FIFO that nobody writes to, and links out of the set."""
    folder.mkdir()
    os.mkfifo(folder / "fifo.png")
    (folder / "link.png").symlink_to("/proc/self/environ")
    (folder / "good.png").write_bytes(level_png(48))
    (folder / "val_label.txt").write_text("fifo.png 0\nlink.png 1\ngood.png 12\n")

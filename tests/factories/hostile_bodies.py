"""Bodies of some twenty megabytes that cost a naive check the most, by name: with their path and headers."""

import base64
import gzip
import json
import struct
import zlib
from codecs import BOM_UTF8
from random import Random

from tests.factories.odd_pictures import JPEG, PNG, segment, segments
from tests.factories.tensor_bodies import INFER, Body, base64_body, image_body, pixels_body, tensor_body
from tests.soak.image_seeds import png_chunk

BYTES = 19 * 1024 * 1024
IMAGE, JSON, FORM = "application/octet-stream", "application/json", "multipart/form-data; boundary=x"


def jpeg_of_scans(count: int, total_bytes: int) -> bytes:
    """A JPEG whose scans come again and again."""
    *before, (_, scan) = segments(JPEG)
    header = scan[: 2 + int.from_bytes(scan[2:4])]
    one = header + b"\x12\x34\x56\x78" * (total_bytes // count // 4)
    return JPEG[:2] + b"".join(content for _, content in before) + one * count + b"\xff\xd9"


def in_header(odd: bytes) -> bytes:
    """The JPEG with much of this behind its start."""
    return JPEG[:2] + odd * (BYTES // len(odd)) + JPEG[2:]


def bmp(side_px: int, bits: int) -> bytes:
    """A black BMP; that of 32 bits has red first."""
    masks = struct.pack("<III", 0xFF, 0xFF00, 0xFF0000) if bits == 32 else b""
    start = 54 + len(masks)
    header = struct.pack("<IiiHHIIiiII", 40, side_px, side_px, 1, bits, 3 if masks else 0, 0, 0, 0, 0, 0)
    return struct.pack("<2sIHHI", b"BM", 0, 0, 0, start) + header + masks + bytes((bits * side_px + 31) // 32 * 4 * side_px)


def form(parts: list[bytes]) -> bytes:
    """A form of images."""
    head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
    return b"".join(head + part + b"\r\n" for part in parts) + b"--x--\r\n"


def bodies() -> dict[str, tuple[str, Body]]:
    """The path and the body of each."""
    typed = {name: (path, (body, {"Content-Type": kind})) for name, (path, kind, body) in typed_bodies().items()}
    return typed | {name: (INFER, body) for name, body in tensors().items()}


def tensors() -> dict[str, Body]:
    """Of the Open Inference Protocol."""
    large, small = jpeg_of_scans(100, BYTES), jpeg_of_scans(10, BYTES // 64)
    return {
        "tensor of an image": image_body([large]),
        "tensor of 32 images": image_body([small] * 32),
        "tensor of empty elements": tensor_body("image", "BYTES", [32], bytes(BYTES)),
        "tensor of pixels": pixels_body(2500),
        "tensor of 32 pictures' pixels": pixels_body(440, 32),
        "tensor in base64": base64_body([large[: BYTES * 3 // 4]]),
        "tensor of 32 images in base64": base64_body([small] * 32),
        "tensor in base64 of a megabyte": base64_body([large[:700_000]]),
        "tensor in JSON, nested": (b"[" * BYTES, {"Content-Type": JSON}),
        "tensor behind JSON of 19 MB": (b" " * (BYTES - 4) + b"1" * 4, {"Inference-Header-Content-Length": str(BYTES - 4)}),
    }


def typed_bodies() -> dict[str, tuple[str, str, bytes]]:
    """The path, the type and the body of each."""
    webp = b"RIFF" + struct.pack("<I", BYTES) + b"WEBP" + struct.pack("<4sI", b"VP8L", 5) + b"\x2f\0\0\0\0\0"
    webp += struct.pack("<4sI", b"JUNK", BYTES - len(webp)) + bytes(BYTES - len(webp))
    images = {
        "JPEG of 100 scans": jpeg_of_scans(100, BYTES),
        "JPEG, FF 00": in_header(b"\xff\0"),
        "JPEG, fill bytes": in_header(b"\xff"),
        "JPEG, segments of four bytes": in_header(segment(0xFE, b"")),
        "JPEG, bytes before each segment": in_header(b"a" + segment(0xFE, b"")),
        "JPEG, restarts": JPEG[:20] + segment(0xDD, b"\0\1") + JPEG[20:-2] + b"\xff\xd0" * (BYTES // 2) + JPEG[-2:],
        "PNG": PNG[:33] + png_chunk(b"IDAT", bytes(BYTES)) + PNG[-12:],
        "PNG of tiny chunks": PNG[:33] + png_chunk(b"IDAT", b"") * (BYTES // 12) + PNG[33:],
        "PNG with EXIF": PNG[:33] + png_chunk(b"eXIf", b"II*\0" + bytes(BYTES)) + PNG[33:],
        "WebP": webp,
        "BMP": bmp(2500, 24),
        "BMP with masks": bmp(2200, 32),
        "FF": b"\xff" * BYTES,
    }
    text = base64.b64encode(images["JPEG of 100 scans"][: BYTES * 3 // 4]).decode()
    lines = [text[at : at + 76] for at in range(0, len(text) * 9 // 10, 76)]
    small = jpeg_of_scans(10, BYTES // 64)
    return {name: ("/classify", IMAGE, body) for name, body in images.items()} | {
        "JSON": ("/classify", JSON, json.dumps({"image": text}).encode()),
        "JSON, base64 in lines": ("/classify", JSON, json.dumps({"image": "\r\n".join(lines)}).encode()),
        "JSON, lines of a shell": ("/classify", JSON, b'{"image": "%b"}' % "\n".join(lines).encode()),
        "JSON, base64 that ends wrongly": ("/classify", JSON, json.dumps({"image": text + "!"}).encode()),
        "JSON, a mark": ("/classify", JSON, BOM_UTF8 + json.dumps({"image": text}).encode()),
        "JSON, not base64": ("/classify", JSON, json.dumps({"image": "!" * BYTES}).encode()),
        "JSON, nested": ("/classify", JSON, b"[" * BYTES),
        "form of 32 images": ("/classify/batch", FORM, form([small] * 32)),
        "form with text before it": ("/classify", FORM, b"x" * 8000 + b"\r\n" + form([images["JPEG of 100 scans"]])),
        "form of base64": ("/classify", FORM, form([text.encode()]).replace(b'"a"', b'"a"\r\nContent-Transfer-Encoding: base64', 1)),
        "form of line ends": ("/classify", FORM, form([b"\r\n" * (BYTES // 2)])),
        "form of half boundaries": ("/classify", FORM, form([b"\r\n--" * (BYTES // 4)])),
    }


def packed_bodies() -> dict[str, tuple[str, bytes]]:
    """The coding and the body of packed ones: large before, behind, or neither."""
    noise = Random(1).randbytes(BYTES)  # noqa: S311 - seeded
    empty_block = b"\0\0\0\xff\xff"
    return {
        "gzip of a picture": ("gzip", gzip.compress(jpeg_of_scans(100, BYTES), 1)),
        "gzip of noise": ("gzip", gzip.compress(noise, 1)),
        "gzip of zeros": ("gzip", gzip.compress(bytes(BYTES))),
        "gzip of a gigabyte": ("gzip", gzip.compress(bytes(1 << 26), 9)[:-8] * 16),
        "gzip that never ends": ("gzip", gzip.compress(b"")[:10] + empty_block * (BYTES // len(empty_block))),
        "gzip of many members": ("gzip", gzip.compress(b"") * (BYTES // 20)),
        "deflate": ("deflate", zlib.compress(noise, 1)),
        "not deflate": ("deflate", noise),
    }

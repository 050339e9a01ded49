"""What the most costly images that are accepted take to decode, with both engines: `python -m tests.attack.worst_images` prints a table.

Each image is decoded in a process of its own, so that its peak of memory is its own.
"""

import io
import json
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from server.images.inspection import inspect_image
from server.images.preparation import prepared_cost
from tests.attack.bodies import png, progressive_jpeg, turned_png
from tests.attack.test_slow_images import bomb, progressive_cmyk
from tests.level_model import store_level_model

PIXELS = 50_000_000
SIDES_PX = (4000, 3000)
DECODE = """
import json, os, sys, time
from pathlib import Path
import cv2, numpy as np
from server.images.inspection import inspect_image
from server.images.preparation import prepared
from pipelines.cpu.decoder_warnings import decode_unwarned
cv2.setNumThreads(1)
engine, data = sys.argv[1], Path(sys.argv[2]).read_bytes()
if engine == "mxbase":
    from models.store import ModelStore
    from tests.mxbase_cpp.conftest import classifying
    context = classifying(ModelStore(Path(sys.argv[2]).parent / "store").open("level"))
    running = context.__enter__()
    decode = lambda image: running.answer(image)[1] == "ok"
else:
    decode = lambda image: decode_unwarned(lambda them: cv2.imdecode(np.frombuffer(them, np.uint8), cv2.IMREAD_COLOR), image) is not None
decode(cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tobytes())
image = inspect_image(data, 50_000_000)
Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
def peak(): return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
before_mb, began_s = peak(), time.process_time()
good = decode(prepared(image, turns=True).data)
print(json.dumps([good, time.process_time() - began_s, peak() - before_mb]), flush=True)
os._exit(0)
"""


def photo() -> Image.Image:
    """A noisy one of 12 megapixels."""
    across, down = SIDES_PX
    random = np.random.default_rng(18)
    smooth = cv2.resize(random.integers(0, 256, (down // 40, across // 40, 3), np.uint8), SIDES_PX, interpolation=cv2.INTER_CUBIC)
    return Image.fromarray(np.clip(smooth + random.normal(0, 9, smooth.shape), 0, 255).astype(np.uint8))


def written(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """As Pillow writes it."""
    into = io.BytesIO()
    picture.save(into, kind, **options)
    return into.getvalue()


def flat_deep_png() -> bytes:
    """RGBA of 16 bits, each row predicted by Paeth: of PNG's kinds the one with the most bytes a pixel. 36 megapixels."""
    rows = zlib.compressobj(9)
    side_px = 6000
    coded = b"".join(rows.compress(b"\4" + bytes(8 * side_px)) for _ in range(side_px)) + rows.flush()
    whole = bytearray(png(side_px, coded))
    whole[24:26] = b"\x10\x06"
    whole[29:33] = zlib.crc32(whole[12:29]).to_bytes(4)
    return bytes(whole)


def images() -> Iterator[tuple[str, bytes]]:
    """With what the table calls each."""
    noisy = photo()
    yield "JPEG, baseline 4:2:0, quality 75, 12 MP", written(noisy, "JPEG")
    yield "JPEG, baseline 4:4:4, quality 95, 12 MP", written(noisy, "JPEG", quality=95, subsampling=0)
    yield "JPEG, progressive 4:4:4, quality 95, 12 MP", written(noisy, "JPEG", quality=95, subsampling=0, progressive=True)
    yield "JPEG, CMYK, quality 95, 12 MP", written(noisy.convert("CMYK"), "JPEG", quality=95)
    yield "JPEG, progressive, flat, 49 MP", progressive_jpeg()
    yield "JPEG, arithmetic, 99 scans, 5 MP", bomb(750)
    yield "JPEG, progressive CMYK, flat, 49 MP", progressive_cmyk()
    yield "PNG, noisy RGB, 12 MP", written(noisy, "PNG", compress_level=1)
    yield "PNG, flat RGBA of 16 bits, 36 MP", flat_deep_png()
    yield "PNG, flat, turned by EXIF, 49 MP", turned_png()
    yield "WebP, lossy, quality 95, 12 MP", written(noisy, "WEBP", quality=95, method=0)
    yield "WebP, lossless, 12 MP", written(noisy, "WEBP", lossless=True, quality=0, method=0)
    yield "BMP, 12 MP", written(noisy, "BMP")


def measured(engine: str, path: Path) -> tuple[bool, float, float]:
    """Whether it was decoded, the processor's seconds, and MiB at the peak."""
    found = subprocess.run([sys.executable, "-c", DECODE, engine, str(path)], capture_output=True, text=True, check=True)
    decoded, cpu_s, peak_mb = json.loads(found.stdout)
    return decoded, cpu_s, peak_mb


def main() -> None:
    """Print the table, a row as soon as it is known."""
    print("| Image | KB | CPU-s stream, mxbase | estimate | CPU-ms a KB | peak MiB stream, mxbase | estimate | goal |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image"
        store_level_model(Path(folder) / "store")
        for name, data in images():
            path.write_bytes(data)
            image = inspect_image(data, PIXELS)
            estimate_s, estimate_bytes = prepared_cost(image)
            (good, one_s, one_mb), (also, two_s, two_mb) = (measured(engine, path) for engine in ("stream", "mxbase"))
            kilobytes, goal_mb = len(data) / 1e3, 6 * image.width_px * image.height_px / 2**20 + 32
            note = "" if good and also else " (not decoded)"
            print(
                f"| {name}{note} | {kilobytes:.0f} | {one_s:.2f}, {two_s:.2f} | {estimate_s:.2f} | "
                f"{1e3 * max(one_s, two_s) / kilobytes:.2g} | {one_mb:.0f}, {two_mb:.0f} | {estimate_bytes / 2**20:.0f} | {goal_mb:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()

"""Small images are checked on the loop, large ones on a thread; both give what the check gives."""

import asyncio
import threading

import cv2
import numpy as np
import pytest

from server.errors import UndecodableImage
from server.images.inspection import inspect_image
from server.serving import inspection_pool
from server.serving.inspection_pool import SMALL_BYTES, InspectionPool
from tests.level_model import level_png

PNG = level_png(8)


@pytest.mark.parametrize(("quality", "thread"), [(80, "MainThread"), (101, "inspection_0")])
def test_a_lossless_webp_takes_longer(quality: int, thread: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def noted(_: bytes, _max_pixels: int) -> None:
        seen.append(threading.current_thread().name)

    monkeypatch.setattr(inspection_pool, "inspect_image", noted)
    webp = cv2.imencode(".webp", np.zeros((8, 8, 3), np.uint8), [cv2.IMWRITE_WEBP_QUALITY, quality])[1].tobytes()
    asyncio.run(InspectionPool(10_000).inspect(webp))
    assert seen == [thread]


@pytest.mark.parametrize(
    ("size_bytes", "thread"), [(len(PNG), "MainThread"), (SMALL_BYTES, "MainThread"), (SMALL_BYTES + 1, "inspection_0")]
)
def test_where_an_image_is_checked(size_bytes: int, thread: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def noted(data: bytes, max_pixels: int) -> object:
        seen.append(threading.current_thread().name)
        return inspect_image(data, max_pixels)

    monkeypatch.setattr(inspection_pool, "inspect_image", noted)
    pool = InspectionPool(10_000)
    image = asyncio.run(pool.inspect(PNG + bytes(size_bytes - len(PNG))))
    assert (image.data, seen) == (PNG, [thread])
    with pytest.raises(UndecodableImage):
        asyncio.run(pool.inspect(PNG[:40] + bytes(size_bytes)))

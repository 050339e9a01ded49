"""Checks images on the event loop if they are small, else on a thread, so that no body holds the loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

from server.images.inspection import inspect_image
from server.images.webp import may_be_lossless_webp
from server.types import EncodedImage

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
SMALL_BYTES = 1024 * 1024
"""The worst image of this size takes some 5 ms of the loop; a change of threads takes longer than most images. Lossless WebPs take more."""
THREADS = 1
"""The check holds the interpreter, so more would only take turns."""


class InspectionPool:
    """Checks images; see server/images/inspection.py."""

    def __init__(self, max_pixels: int) -> None:
        self._max_pixels = max_pixels
        self._threads = ThreadPoolExecutor(THREADS, "inspection")  # it starts them when there is work

    async def inspect(self, data: bytes) -> EncodedImage:
        """The image; raises what `inspect_image` raises."""
        if len(data) <= SMALL_BYTES and not may_be_lossless_webp(data):
            return inspect_image(data, self._max_pixels)
        return await self.beside(inspect_image, data, self._max_pixels)

    async def beside(self, work: Callable[[*Ts], T], *given: *Ts) -> T:
        """What some work on large data gives, in its turn on the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)

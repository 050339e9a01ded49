"""Checks images on the event loop if they are small, else on a thread, so that no body holds the loop."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from server.errors import ServiceError
from server.images.inspection import inspect_image
from server.types import EncodedImage

SMALL_BYTES = 1024 * 1024
"""Of all images of a request. The worst of this size takes some 5 ms of the loop; a change of threads takes longer than most images."""
THREADS = 1
"""The check holds the interpreter, so more would only take turns."""


class InspectionPool:
    """Checks images; see server/images/inspection.py."""

    def __init__(self, max_pixels: int) -> None:
        self._max_pixels = max_pixels
        self._threads = ThreadPoolExecutor(THREADS, "inspection")  # it starts them when there is work

    async def inspect(self, images: Sequence[bytes]) -> list[EncodedImage | ServiceError]:
        """Each image, or why it is refused; in order."""
        if sum(map(len, images)) <= SMALL_BYTES:
            return [self._inspect(image) for image in images]
        loop = asyncio.get_running_loop()
        return [await loop.run_in_executor(self._threads, self._inspect, image) for image in images]

    def _inspect(self, data: bytes) -> EncodedImage | ServiceError:
        try:
            return inspect_image(data, self._max_pixels)
        except ServiceError as error:
            return error.with_traceback(None)  # whose frames hold the image

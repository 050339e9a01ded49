"""aiohttp: `python with_aiohttp.py URL IMAGE DAMAGED`."""

import asyncio
import base64
import sys
from pathlib import Path
from typing import Any

import aiohttp

url, image, damaged = sys.argv[1], Path(sys.argv[2]).read_bytes(), Path(sys.argv[3]).read_bytes()


def form(*images: bytes) -> Any:
    """A form of images and an option; without a file's name, aiohttp sends a part as base64."""
    fields = aiohttp.FormData({"top_k": "3"})
    for content in images:
        fields.add_field("image", content, filename="photo.png", content_type="image/png")
    return fields


async def main() -> None:
    """Send all, and print each status and answer."""
    async with aiohttp.ClientSession(url) as session:

        async def post(name: str, path: str, **body: Any) -> None:
            async with session.post(path, **body) as reply:
                sys.stdout.write(f"{name} {reply.status} {await reply.text()}\n")

        await post("form", "/classify", data=form(image))
        await post("raw", "/classify", data=image, params={"top_k": "3"})
        await post("json", "/classify", json={"image": base64.b64encode(image).decode(), "top_k": 3})
        await post("batch", "/classify/batch", data=form(image, damaged))
        await post("error", "/classify", data=b"not an image")


asyncio.run(main())

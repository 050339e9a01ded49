"""httpx: `python with_httpx.py URL IMAGE DAMAGED`."""

import base64
import sys
from pathlib import Path
from typing import Any

import httpx

url, image, damaged = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
client = httpx.Client(base_url=url, timeout=60)


def post(name: str, path: str, **body: Any) -> None:
    """Send it, and print the status and the answer."""
    reply = client.post(path, **body)
    sys.stdout.write(f"{name} {reply.status_code} {reply.text}\n")


with image.open("rb") as file:
    post("form", "/classify", files={"image": file}, data={"top_k": 3})
post("raw", "/classify", content=image.read_bytes(), params={"top_k": 3})
post("json", "/classify", json={"image": base64.b64encode(image.read_bytes()).decode(), "top_k": 3})
post("batch", "/classify/batch", files=[("image", image.read_bytes()), ("image", damaged.read_bytes())], data={"top_k": "3"})
post("error", "/classify", content=b"not an image")

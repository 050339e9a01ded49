"""requests: `python with_requests.py URL IMAGE DAMAGED`."""

import base64
import sys
from pathlib import Path
from typing import Any

import requests

url, image, damaged = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
session = requests.Session()


def post(name: str, path: str, **body: Any) -> None:
    """Send it, and print the status and the answer."""
    reply = session.post(url + path, timeout=60, **body)
    sys.stdout.write(f"{name} {reply.status_code} {reply.text}\n")


with image.open("rb") as file:
    post("form", "/classify", files={"image": file}, data={"top_k": 3})
with image.open("rb") as file:
    post("raw", "/classify", data=file, params={"top_k": 3})
post("json", "/classify", json={"image": base64.b64encode(image.read_bytes()).decode(), "top_k": 3})
post("batch", "/classify/batch", files=[("image", image.read_bytes()), ("image", damaged.read_bytes())], data={"top_k": 3})
post("error", "/classify", data=b"not an image")

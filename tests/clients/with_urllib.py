"""Python's own client, with a form written by hand: `python with_urllib.py URL IMAGE DAMAGED`."""

import base64
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path

url, image, damaged = sys.argv[1], Path(sys.argv[2]).read_bytes(), Path(sys.argv[3]).read_bytes()


def post(name: str, path: str, body: bytes, content_type: str) -> None:
    """Send it, and print the status and the answer."""
    request = urllib.request.Request(url + path, body, {"Content-Type": content_type})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310
            status, answer = reply.status, reply.read()
    except urllib.error.HTTPError as error:
        status, answer = error.code, error.read()
    sys.stdout.write(f"{name} {status} {answer.decode()}\n")


def form(images: list[bytes], options: dict[str, str]) -> bytes:
    """A form of images and options."""
    parts = [b'Content-Disposition: form-data; name="image"; filename="photo.png"\r\n\r\n' + image for image in images]
    parts += [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in options.items()]
    return b"".join(b"--frontier\r\n" + part + b"\r\n" for part in parts) + b"--frontier--\r\n"


FORM = "multipart/form-data; boundary=frontier"
post("form", "/classify", form([image], {"top_k": "3"}), FORM)
post("raw", "/classify?top_k=3", image, "image/png")
post("json", "/classify", json.dumps({"image": base64.b64encode(image).decode(), "top_k": 3}).encode(), "application/json")
post("batch", "/classify/batch", form([image, damaged], {"top_k": "3"}), FORM)
post("error", "/classify", b"not an image", "application/octet-stream")

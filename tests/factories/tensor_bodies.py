"""Bodies of the Open Inference Protocol as clients write them, with their headers."""

import base64
import json
from collections.abc import Sequence

Body = tuple[bytes, dict[str, str]]
INFER = "/v2/models/level/infer"


def tensor_body(name: str, datatype: str, shape: Sequence[int], data: bytes) -> Body:
    """One input, by the binary extension. An image that is refused leaves the others their answers."""
    given = {"name": name, "datatype": datatype, "shape": shape, "parameters": {"binary_data_size": len(data)}}
    head = json.dumps({"inputs": [given], "parameters": {"partial": True}}).encode()
    return head + data, {"Inference-Header-Content-Length": str(len(head))}


def image_body(images: Sequence[bytes]) -> Body:
    """Images by their bytes."""
    data = b"".join(len(image).to_bytes(4, "little") + image for image in images)
    return tensor_body("image", "BYTES", [len(images)], data)


def pixels_body(side_px: int, count: int = 1) -> Body:
    """Black pictures by their pixels."""
    return tensor_body("pixels", "UINT8", [count, side_px, side_px, 3], bytes(3 * side_px * side_px * count))


def base64_body(images: Sequence[bytes]) -> Body:
    """Images in JSON."""
    data = [base64.b64encode(image).decode() for image in images]
    given = {"name": "image", "datatype": "BYTES", "shape": [len(data)], "data": data}
    return json.dumps({"inputs": [given]}).encode(), {"Content-Type": "application/json"}

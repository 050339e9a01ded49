"""Bodies of the binary extension, as clients write them."""

import json
from collections.abc import Sequence
from typing import Any

from server.oip.tensors import join_elements


def binary_body(images: Sequence[bytes], *, column: bool = False, **words: Any) -> tuple[bytes, int]:
    """A body with these images, and the bytes of its JSON; `column` gives the shape [N, 1]."""
    data = join_elements(images)
    shape = [len(images), 1] if column else [len(images)]
    given = {"name": "image", "shape": shape, "datatype": "BYTES", "parameters": {"binary_data_size": len(data)}}
    head = json.dumps({"inputs": [given], **words}).encode()
    return head + data, len(head)

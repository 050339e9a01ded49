"""The JSON form of requests and answers, and the binary extension: JSON, and behind it the data of the tensors.

A length is checked against the bytes that are there before anything of its size is made, and the JSON may hold few values: the parser
makes an object of each.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json

from server.api.base64_text import decode_base64
from server.api.image_json import without_mark
from server.api.unknown_names import malformed_json
from server.errors import BadRequest
from server.oip.infer_reply import InferReply
from server.oip.infer_request import IMAGE, InferInput, InferRequest, requested_output
from server.oip.tensors import BYTES, Value

HEADER = "Inference-Header-Content-Length"
"""The header that says how many bytes of a body are JSON."""
MAX_VALUES = 4096
"""Values and containers in the JSON of a request. Those that a client may need are some ten, and four for each image."""
_EXAMPLE = 'Send {"inputs": [{"name": "image", "shape": [1], "datatype": "BYTES", "data": ["<base64>"]}]}.'
_BINARY = "binary_data_size"
_MAX_DIGITS = 12


class _Words(BaseModel):
    """JSON of the protocol. Keys that it does not have are left out: clients send some of their own."""

    model_config = ConfigDict(extra="ignore", strict=True)

    parameters: dict[str, Any] = Field(default_factory=dict)

    def known(self) -> dict[str, Value]:
        """The parameters that can be some: text, numbers and truth values."""
        return {name: value for name, value in self.parameters.items() if isinstance(value, str | int | float)}


class _InputWords(_Words):
    name: str
    datatype: str
    shape: list[int]
    data: list[Any] | None = None


class _OutputWords(_Words):
    name: str


class _RequestWords(_Words):
    id: str | None = None
    inputs: list[_InputWords]
    outputs: list[_OutputWords] = Field(default_factory=list)


def header_length(text: str | None, body_bytes: int) -> int | None:
    """The bytes of JSON that the header names; None without it. Raises BadRequest."""
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS and int(text) <= body_bytes):
        raise BadRequest(
            f"{HEADER} is {text[:40]!r}, and the body has {body_bytes} bytes.", "Send the number of bytes of the JSON, before the data."
        )
    return int(text)


def read_infer_request(body: bytes, json_bytes: int | None) -> InferRequest:
    """The request in a body of which the first `json_bytes` are JSON, or all without them; raises BadRequest."""
    if json_bytes == 0:  # a raw request: the data alone
        return InferRequest([InferInput(IMAGE, BYTES, (1,), memoryview(body))], binary=True)
    words = _parsed(body if json_bytes is None else body[:json_bytes])
    tail = memoryview(body)[len(body) if json_bytes is None else json_bytes :]
    parameters = words.known()
    binary = parameters.get("binary_data_output", False) is True
    return InferRequest(
        list(_inputs(words.inputs, tail)),
        [requested_output(each.name, each.known(), binary=binary) for each in words.outputs],
        words.id,
        parameters,
        binary,
    )


def _parsed(text: bytes) -> _RequestWords:
    text = without_mark(text)
    if sum(text.count(mark) for mark in (b",", b"[", b"{")) > MAX_VALUES:
        raise BadRequest(f"The JSON holds more than {MAX_VALUES} values.", "Send numbers with the binary extension, and images as base64.")
    try:
        return _RequestWords.model_validate_json(text)
    except ValidationError as error:
        raise malformed_json(error, (), _EXAMPLE) from error


def _inputs(given: Sequence[_InputWords], tail: memoryview) -> Iterator[InferInput]:
    """The inputs, in whose order the binary data lie; raises BadRequest."""
    at = 0
    for words in given:
        told = words.known().get(_BINARY)
        if told is None and words.data is not None:
            yield InferInput(words.name, words.datatype, tuple(words.shape), elements=_elements(words))
            continue
        if told is None and len(given) == 1:
            told = len(tail)
        if isinstance(told, bool) or not isinstance(told, int) or not 0 <= told <= len(tail) - at:
            raise BadRequest(
                f"The input {words.name[:80]!r} says that it has {told!s:.40} binary bytes, and {len(tail) - at} are left.",
                f"Send {_BINARY} for each input that has no data, and the data behind the JSON.",
            )
        yield InferInput(words.name, words.datatype, tuple(words.shape), data=tail[at : at + told])
        at += told
    if at < len(tail):
        raise BadRequest(f"{len(tail) - at} bytes lie behind the data of all inputs.", f"Correct {_BINARY}, or {HEADER}.")


def _elements(words: _InputWords) -> list[bytes]:
    """The elements of BYTES, which are base64; they may be nested as the shape says. Raises BadRequest."""
    if words.datatype != BYTES:
        raise BadRequest(f"The input {words.name[:80]!r} is {words.datatype[:20]} in JSON.", "Send numbers with the binary extension.")
    elements = []
    for text in _flat(words.data or []):
        if not isinstance(text, str):
            raise BadRequest(f"The input {words.name[:80]!r} holds {json.dumps(text)[:40]}, which is not base64.", _EXAMPLE)
        elements.append(decode_base64(text))
    return elements


def _flat(values: list[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from _flat(value)
        else:
            yield value


def write_infer_reply(reply: InferReply) -> tuple[bytes, int | None]:
    """The body of an answer, and the bytes of its JSON if data lie behind it."""
    outputs: list[dict[str, Any]] = []
    tail = []
    for tensor, binary in reply.outputs:
        words: dict[str, Any] = {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}
        if binary:
            tail.append(tensor.binary())
            words["parameters"] = {_BINARY: len(tail[-1])}
        else:
            words["data"] = tensor.values()
        outputs.append(words)
    head = to_json(
        {
            "id": reply.id,
            "model_name": reply.model_name,
            "model_version": reply.model_version,
            "parameters": reply.parameters,
            "outputs": outputs,
        }
    )
    return b"".join((head, *tail)), len(head) if tail else None

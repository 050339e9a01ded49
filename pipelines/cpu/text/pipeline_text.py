"""A pipeline text as JSON: the engine's checks before it reads a stream (mxStream, MxStreamManager)."""

import json
import math
import re
import reprlib
from collections.abc import Iterator
from typing import NoReturn

from pipelines.codes import Code
from pipelines.pipeline_errors import PipelineError

MAX_TEXT_BYTES = 10 * 1024 * 1024
MAX_STREAMS = 256
_REFUSED_ANYWHERE = re.compile("  |\x7f|[\ud800-\udfff]")


def read_streams(text: bytes) -> list[tuple[str, object]]:
    """The streams of a text as (name, JSON value), sorted by name, as the engine creates them; of duplicates the last one counts."""
    if not text or len(text) >= MAX_TEXT_BYTES:
        raise PipelineError(Code.COMM_INVALID_PARAM, f"A pipeline text has 1 to {MAX_TEXT_BYTES - 1} bytes; this one has {len(text)}.")
    try:
        streams = _json(text.partition(b"\0")[0])  # for the engine a NUL ends the text
    except (ValueError, RecursionError) as error:
        raise PipelineError(
            Code.STREAM_CONFIG_INVALID, f"The pipeline is not JSON: {error}.", "JSON has no comments and no trailing commas."
        ) from error
    if not isinstance(streams, dict) or not streams:
        raise PipelineError(Code.STREAM_CONFIG_INVALID, "A pipeline is a JSON object with a stream under each key.")
    for word in _texts(streams):
        if _REFUSED_ANYWHERE.search(word):
            shown = reprlib.repr(word)
            raise PipelineError(Code.STREAM_CONFIG_INVALID, f"{shown} holds two blanks in a row, a DEL or half a surrogate pair.")
    if len(streams) > MAX_STREAMS:
        raise PipelineError(Code.STREAM_CONFIG_INVALID, f"{len(streams)} streams; at most {MAX_STREAMS} are allowed.")
    return sorted(streams.items())


def _json(text: bytes) -> object:
    return json.loads(text.decode("utf-8-sig"), parse_constant=_refuse_constant, parse_float=_finite, parse_int=_integer)


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a JSON number")


def _finite(word: str) -> float:
    number = float(word)
    if math.isinf(number):
        raise ValueError(f"{reprlib.repr(word)} is too large a number")
    return number


def _integer(word: str) -> int:
    _finite(word)
    return int(word)


def _texts(value: object) -> Iterator[str]:
    """Every text in a JSON value, in any order. Not recursive, because the sender chooses the depth."""
    rest = [value]
    while rest:
        inner = rest.pop()
        if isinstance(inner, str):
            yield inner
        elif isinstance(inner, dict):
            rest += [*inner, *inner.values()]
        elif isinstance(inner, list):
            rest += inner

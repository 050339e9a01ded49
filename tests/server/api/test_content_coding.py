"""Packed bodies: every coding, spelling and cut; bounded before they are unpacked."""

import asyncio
import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from server.api.content_coding import unpacked
from server.errors import BadRequest, BodyTooLarge, UnsupportedCoding
from server.evaluation.dataset.allowance import SPARE_BYTES
from server.serving.budgets import BodyBudget, BodyHold
from server.telemetry.metrics import Metrics
from tests.level_model import level_png

IMAGE = level_png(8)


def raw(content: bytes) -> bytes:
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packing.compress(content) + packing.flush()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "raw": raw,
    "identity": bytes,
    "": bytes,
}


async def pieces(packed: bytes, *codings: str, size: int = 1000, limit: int = 1_000_000, hold: BodyHold | None = None) -> list[Message]:
    messages: list[Message] = [
        {"type": "http.request", "body": packed[at : at + size], "more_body": True} for at in range(0, len(packed), size)
    ]
    messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Message:
        return messages.pop(0)

    scope: dict[str, Any] = {"headers": [(b"content-encoding", coding.encode("latin-1")) for coding in codings]}
    unpacking = unpacked(scope, receive, limit, hold)
    found: list[Message] = []
    while not found or found[-1]["more_body"]:
        found.append(await unpacking())
    return found


def unpack(packed: bytes, *codings: str, size: int = 1000, limit: int = 1_000_000, hold: BodyHold | None = None) -> bytes:
    return b"".join(message["body"] for message in asyncio.run(pieces(packed, *codings, size=size, limit=limit, hold=hold)))


@given(st.binary(max_size=3000), st.integers(1, 40), st.sampled_from(sorted(PACKERS)), st.integers(1, 5000), st.booleans(), st.booleans())
def test_a_body_comes_out_as_it_was(content: bytes, times: int, coding: str, size: int, capital: bool, kept: bool) -> None:
    named, budget = coding.replace("raw", "deflate"), BodyBudget(1_000_000, Metrics())
    hold = BodyHold(budget, "a") if kept else None
    assert unpack(PACKERS[coding](content * times), named.upper() if capital else named, size=size, hold=hold) == content * times
    assert budget.held_bytes == 0


def test_a_body_that_is_kept_holds_what_was_sent_until_all_of_it_is_there() -> None:
    packed, budget, held = gzip.compress(bytes(100_000)), BodyBudget(1_000_000, Metrics()), list[int]()

    async def receive() -> Message:
        held.append(budget.held_bytes)
        sent = len(held) * 10 - 10
        return {"type": "http.request", "body": packed[sent : sent + 10], "more_body": sent + 10 < len(packed)}

    async def first() -> Message:
        return await unpacked({"headers": [(b"content-encoding", b"gzip")]}, receive, 1_000_000, BodyHold(budget, "a"))()

    assert len(asyncio.run(first())["body"]) > len(packed)
    assert held == list(range(0, len(packed), 10))


@pytest.mark.parametrize("named", ["gzip", " GZip ", "identity, gzip", "gzip,identity", "gzip,"])
def test_spellings_of_the_header(named: str) -> None:
    assert unpack(gzip.compress(IMAGE), named) == IMAGE


@given(st.integers(1, 60), st.sampled_from([b"", b"\0" * 30]))
def test_members_one_behind_the_other(size: int, padding: bytes) -> None:
    assert unpack(gzip.compress(b"one") + gzip.compress(b"") + gzip.compress(b"two") + padding, "gzip", size=size) == b"onetwo"


def test_no_body() -> None:
    assert unpack(b"", "gzip") == b""


@pytest.mark.parametrize("content", [IMAGE, json.dumps({"image": "AAAA"}).encode(), b"--b\r\nX: y\r\n\r\n"])
def test_a_header_that_a_proxy_has_left(content: bytes) -> None:
    assert unpack(content * 3, "gzip", size=7) == content * 3
    assert unpack(IMAGE, "deflate") == IMAGE


@pytest.mark.parametrize(("packed", "named"), [(zlib.compress(IMAGE), "gzip"), (gzip.compress(IMAGE), "deflate")])
def test_the_bytes_decide_between_codings(packed: bytes, named: str) -> None:
    assert unpack(packed, named) == IMAGE


@pytest.mark.parametrize(
    ("codings", "words"),
    [
        (("br",), "Content-Encoding 'br' is not taken. Those that are: gzip, deflate, identity"),
        (("zstd",), "'zstd'"),
        (("compress",), "'compress'"),
        (("gzip, br",), "'br'"),
        (("gzip", "gzip"), "two codings"),
        (("\xe4" * 500,), "not taken"),
    ],
)
def test_codings_that_are_not_taken(codings: tuple[str, ...], words: str) -> None:
    with pytest.raises(UnsupportedCoding, match=words):
        unpack(b"x", *codings)


def test_every_cut_is_noticed() -> None:
    for packed, named in ((gzip.compress(IMAGE), "gzip"), (zlib.compress(IMAGE), "deflate"), (raw(IMAGE), "deflate")):
        for end in range(1, len(packed)):
            with pytest.raises(BadRequest):
                unpack(packed[:end], named)


@pytest.mark.parametrize(
    ("packed", "named", "words"),
    [
        (gzip.compress(IMAGE)[:-8] + bytes(8), "gzip", "The gzip body is damaged"),
        (gzip.compress(IMAGE) + b"more", "gzip", "goes on behind its end"),
        (zlib.compress(IMAGE) + zlib.compress(IMAGE), "deflate", "goes on behind its end"),
        (gzip.compress(b"") * 1100, "gzip", "goes on behind its end"),
        (b"plain text", "gzip", "not gzip, as Content-Encoding says"),
        (b"\xff" * 40, "deflate", "The deflate body is damaged"),
    ],
)
def test_what_is_damaged(packed: bytes, named: str, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        unpack(packed, named)


def test_a_bomb_comes_in_slices_and_an_endless_body_ends() -> None:
    found = asyncio.run(pieces(gzip.compress(bytes(20_000_000)), "gzip", hold=BodyHold(BodyBudget(10**9, Metrics()), "a")))
    assert max(len(message["body"]) for message in found) <= 64 * 1024
    assert sum(len(message["body"]) for message in found) == 20_000_000
    with pytest.raises(BodyTooLarge, match="more than 5000 bytes"):
        unpack(gzip.compress(b"", 0)[:10] + b"\0\0\0\xff\xff" * 2000, "gzip", limit=5000)  # blocks that hold nothing


def test_a_client_that_goes_away_is_told() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def told() -> Message:
        return await unpacked({"headers": [(b"content-encoding", b"gzip")]}, receive, 1)()

    assert asyncio.run(told()) == {"type": "http.disconnect"}


def test_a_body_on_its_way_to_the_disk_grows_a_hundredfold_at_most() -> None:
    few, many = gzip.compress(bytes(SPARE_BYTES)), gzip.compress(bytes(2 * SPARE_BYTES))
    assert len(unpack(few, "gzip")) == SPARE_BYTES
    with pytest.raises(BodyTooLarge, match="more than 100 times"):
        unpack(many, "gzip")
    budget = BodyBudget(10**9, Metrics())
    assert len(unpack(many, "gzip", hold=BodyHold(budget, "a"))) == 2 * SPARE_BYTES  # its reader counts

"""The body, split into images; whatever the bytes, the answer is an ImageBody or a BadRequest."""

import asyncio
import base64
import contextlib
import gzip
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.api.body import SMALL_BYTES, read_body, read_images
from server.api.image_body import ImageBody
from server.cli.flags import load_settings
from server.errors import BadRequest, BodyTooLarge
from server.serving.budgets import BodyBudget, BodyHold
from server.telemetry.metrics import Metrics

BOUNDARY = b"frontier"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY.decode()}"


def read(
    body: bytes, content_type: str, limit: int = 4, max_body_bytes: int = 100_000, held: list[int] | None = None, **headers: str
) -> ImageBody:
    chunks = [body[start : start + 1000] for start in range(0, len(body), 1000)] or [b""]
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks] + [{"type": "http.request"}]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    given_headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", content_type.encode("utf-8", "replace")), *given_headers]}
    settings = load_settings(max_body_bytes=max_body_bytes)
    budget = BodyBudget(3_000_000, Metrics())
    with BodyHold(budget, "a") as hold:
        try:
            return asyncio.run(read_images(scope, receive, settings, limit, hold))
        finally:
            if held is not None:
                held.append(budget.held_bytes)


def part(name: str, content: bytes, filename: str = "") -> bytes:
    file = f'; filename="{filename}"' if filename else ""
    return b'--%b\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n' % (BOUNDARY, name.encode(), file.encode(), content)


def multipart(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--%b--\r\n" % BOUNDARY


@given(st.binary(max_size=3000).filter(lambda content: b"\r\n--frontier" not in b"\r\n" + content), st.text("äöü 猫a;=", max_size=20))
def test_a_part_comes_out_as_it_went_in(content: bytes, filename: str) -> None:
    content = b"\0" + content  # neither base64, nor the path of a file that curl should have sent
    body = multipart(part("image", content, filename), part("top_k", b"3"))
    assert read(body, MULTIPART) == ImageBody([content], {"top_k": "3"})


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_the_hold_is_for_the_images_in_the_end(coding: str) -> None:
    body, held = json.dumps({"image": base64.b64encode(b"GIF89a").decode()}).encode() + b" " * 9000, list[int]()
    packed = gzip.compress(body) if coding == "gzip" else body
    assert read(packed, "application/json", held=held, content_encoding=coding).images == [b"GIF89a"]
    assert held == [len(b"GIF89a")]


@given(st.binary(max_size=3000))
def test_json_comes_out_as_it_went_in(content: bytes) -> None:
    body = json.dumps({"images": [base64.b64encode(content).decode()] * 2, "timeout_ms": 9}).encode()
    assert read(body, "application/json") == ImageBody([content] * 2, {"timeout_ms": "9"})


@given(st.binary(max_size=500), st.sampled_from([MULTIPART, "application/json", "multipart/form-data; boundary=\x00", "x", ""]))
def test_rubbish_is_refused_or_an_image(body: bytes, content_type: str) -> None:
    with contextlib.suppress(BadRequest):
        assert len(read(body, content_type).images) <= 4


@given(st.data())
def test_a_mutated_form_is_refused_or_read(data: st.DataObject) -> None:
    body = bytearray(multipart(part("image", b"one"), part("image", b"two", "b.png"), part("timeout_ms", b"10")))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BadRequest):
        read(bytes(body), MULTIPART)


def test_truncated_forms_are_refused_everywhere() -> None:
    body = multipart(part("image", b"content"))
    for end in range(len(body) - 4):
        with pytest.raises(BadRequest):
            read(body[:end], MULTIPART)


@pytest.mark.parametrize("length", ["-1", "1e3", "٣", "9" * 30])
def test_a_content_length_that_cannot_be_is_refused(length: str) -> None:
    with pytest.raises((BadRequest, BodyTooLarge)):
        read(b"x", "image/png", content_length=length)


def test_a_body_that_grows_too_large_is_refused_on_the_way() -> None:
    with pytest.raises(BodyTooLarge):
        read(bytes(100_001), "image/png", content_length="5")


def test_a_body_in_tiny_pieces_costs_little_more_than_its_bytes() -> None:
    left = iter(range(100_000, -1, -1))

    async def receive() -> dict[str, Any]:
        number = next(left)
        return {"type": "http.request", "body": number.to_bytes(3, "big"), "more_body": number > 0}

    tracemalloc.start()
    with BodyHold(BodyBudget(300_003, Metrics()), "a") as hold:
        body = asyncio.run(read_body({"type": "http", "method": "POST", "headers": []}, receive, 300_003, hold))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(body), body[:6], body[-3:]) == (300_003, b"\x01\x86\xa0\x01\x86\x9f", b"\0\0\0")
    assert peak_bytes < 2_500_000  # 5 MB if each piece were kept by itself


def test_a_part_header_has_a_limit() -> None:
    with pytest.raises(BadRequest, match="Maximum header size"):
        read(multipart(part("image", b"x", "n" * 9000)), MULTIPART)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"x\r\n" + multipart(part("image", b"x")), "multipart/form-data"),
        (b"x\r\n" + multipart(part("image", b"x")), "multipart/form-data; boundary=" + "x" * 300),
        (b"x\r\n" + multipart(part("image", b"x")), MULTIPART + ";a" * 8000),
        (multipart(part("top_k", b"1"), part("image", b"x"), part("top_k", b"1")), MULTIPART),
        (multipart(part("image", b"x" + b"\r\n--frontier-x" * 6000)), MULTIPART),
        (multipart(part("image", b"x", "x" + '";a="' * 40)), MULTIPART),
        (b'{"images": [' + b"1," * 40_000 + b"1]}", "application/json"),
        (b'{"image": "' + b"AAAA" * 66_000 + b"AA==" * 3 + b'"}', "application/json"),
        (b"[" * 90_000, "application/json"),
    ],
    ids=["no boundary", "long boundary", "parameters", "twice", "look-alikes", "part parameters", "many items", "padding", "nested"],
)
def test_what_would_cost_much_is_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(BadRequest):
        read(body, content_type, max_body_bytes=500_000)


@pytest.mark.parametrize(
    "wrong",
    [
        '"image": null',
        '"images": null',
        '"top_k": null',
        '"timeout_ms": null',
        '"coverage": null',
        '"coverage": "0.9"',
        '"top_k": true',
        '"top_k": "3"',
    ],
)
def test_json_holds_what_the_schema_says(wrong: str) -> None:
    with pytest.raises(BadRequest, match="Input should be a valid"):
        read(b'{"image": "aaaa", %b}' % wrong.encode(), "application/json")


def test_a_large_body_is_split_like_a_small_one() -> None:
    content = bytes(range(256)) * 5000
    body = json.dumps({"image": base64.b64encode(content).decode()}).encode()
    assert read(body, "application/json", max_body_bytes=2_000_000) == ImageBody([content])
    assert read(multipart(part("image", content)), MULTIPART, max_body_bytes=2_000_000) == ImageBody([content])


TYPES = [
    "application/x-www-form-urlencoded",
    "application/json",
    "text/plain",
    "image/jpg",
    "multipart/form-data; boundary=x",
    "",
    ";;;",
    "x" * 99,
]


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("start", [b"\xff\xd8\xff", b"\x89PNG", b"RIFF\0\0\0\0WEBP", b"BM" + bytes(16), b"GIF89a", b"\0\0\0\x18ftypheic"])
def test_the_bytes_of_a_picture_decide(kind: str, start: bytes) -> None:
    assert read(start + b"the rest", kind) == ImageBody([start + b"the rest"])


@pytest.mark.parametrize(
    "kind",
    ["application/x-www-form-urlencoded", "application/vnd.api+json", "text/plain", "image/jpeg", "", "Application/JSON ; charset=utf-8"],
)
def test_the_brace_of_json_decides(kind: str) -> None:
    assert read(b'\xef\xbb\xbf {"image": "aGVsbG8"}', kind) == ImageBody([b"hello"])


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "multipart/mixed; boundary=x",
        "multipart/form-data",
        "multipart/form-data; boundary=undefined",
        "text/plain; name*=a''b",
        "",
    ],
)
def test_the_first_line_of_a_form_decides(kind: str) -> None:
    """As `curl -H "Content-Type: application/json" -F image=@photo.jpg` sends it, and pages that write the header by hand."""
    assert read(multipart(part("image", b"x", "a.jpg"), part("top_k", b"2")), kind) == ImageBody([b"x"], {"top_k": "2"})


ENCODED = st.from_regex(r"\A([a-z]{1,4}|name|filename|boundary)\*?[0-9]?\*?=[\"]?[a-z8-]{0,5}'[a-z]{0,2}'[%0-9A-Fa-z]{0,6}[\"]?\Z")
"""Parameters of a header as RFC 2231 encodes them, in character sets that are none, too."""


@given(st.lists(ENCODED, max_size=4), st.lists(ENCODED, max_size=4))
def test_encoded_parameters_of_headers_are_read_or_refused(outer: list[str], inner: list[str]) -> None:
    disposition = "; ".join(["form-data", *inner]).encode()
    body = b"--%b\r\nContent-Disposition: %b\r\n\r\nx\r\n--%b--\r\n" % (BOUNDARY, disposition, BOUNDARY)
    for kind in ("text/plain", "multipart/form-data"):
        with contextlib.suppress(BadRequest):
            read(body, "; ".join([kind, *outer]))


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain"])
@pytest.mark.parametrize(
    "image", [b"\xff\xd8\xff\xe0\0\x10JFIF", b"\x89PNG\r\n\x1a\n\0", b"RIFF\x24\0\0\0WEBP"], ids=["JPEG", "PNG", "WebP"]
)
def test_base64_as_the_body(kind: str, image: bytes) -> None:
    """As `base64 photo.jpg | curl --data-binary @- localhost:8000/classify` sends it."""
    assert read(base64.encodebytes(image), kind) == ImageBody([image])


def test_a_data_url_as_the_body() -> None:
    assert read(b"data:image/png;base64,aGVsbG8=\n", "text/plain;charset=UTF-8") == ImageBody([b"hello"])


@pytest.mark.parametrize("body", [b"image=@photo.jpg", b"top_k=3&image=x", b"a%5B%5D=1"])
def test_a_form_without_files(body: bytes) -> None:
    with pytest.raises(BadRequest, match=r"curl -F image=@photo\.jpg"):
        read(body, "application/x-www-form-urlencoded")


def test_other_text_goes_to_the_check_of_images() -> None:
    """Which says what it is."""
    assert read(b"<svg xmlns='x'/>", "application/x-www-form-urlencoded") == ImageBody([b"<svg xmlns='x'/>"])


@pytest.mark.parametrize("body", [multipart(part("image", b"x"), part("image", b"y")), b'{"images": ["AAAA", "AAAA"]}'])
def test_several_images_are_sent_to_the_batch(body: bytes) -> None:
    kind = "application/json" if body.startswith(b"{") else MULTIPART
    with pytest.raises(BadRequest, match="POST /classify/batch"):
        read(body, kind, limit=1)
    assert len(read(body, kind, limit=2).images) == 2


def test_a_round_of_the_loop_takes_one_piece_of_all_large_bodies() -> None:
    """So that a small request between them waits for one."""
    budget, round_of, pieces = BodyBudget(3 * SMALL_BYTES * 4, Metrics()), [0], list[int]()

    async def large() -> None:
        left = [SMALL_BYTES, 1, 1, 1]

        async def receive() -> dict[str, Any]:
            if len(left) < 3:  # the piece before was taken in this round
                pieces.append(round_of[0])
            return {"type": "http.request", "body": bytes(left.pop(0)), "more_body": bool(left)}

        with BodyHold(budget, "a") as hold:
            await read_body({"type": "http", "method": "POST", "headers": []}, receive, 4 * SMALL_BYTES, hold)

    async def work() -> None:
        async def count() -> None:
            while True:
                round_of[0] += 1
                await asyncio.sleep(0)

        counting = asyncio.create_task(count())
        await asyncio.gather(*(large() for _ in range(4)))
        counting.cancel()

    asyncio.run(work())
    assert len(pieces) == len(set(pieces)) == 8

"""Requests that are wrong in a seeded way: valid ones of every route and kind, and what can happen to their bytes."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from tests.factories.tensor_bodies import INFER, Body, base64_body, image_body, pixels_body
from tests.level_model import level_png

BOUNDARY = b"frontier"
TOKENS = (
    b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b";", b"--", b"%", b"%00", b"%0d%0a", b"..", b"[", b"\xff\xfe", b"\x80",
    b"\xe7\x8c\xab", b"{", b"}", b'"', b"\\u0000", b"0", b"-1", b"99999999999999999999", b"chunked", b"--" + BOUNDARY, BOUNDARY + b"--",
    b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"GET ", b"image", b"=", b"filename*=UTF-8''%e7%8c%ab", b"A" * 9000,
)  # fmt: skip
HEADERS = (
    b"Content-Length: 0", b"Content-Length: 5", b"Content-Length: -1", b"Content-Length: 99999999999", b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked", b"Expect: 100-continue", b"Connection: Upgrade\r\nUpgrade: websocket", b"Upgrade: h2c",
    b"Connection: close", b"Connection: keep-alive", b"Host: [", b"Host: ", b"X-Request-Id: \xff", b"X-Request-Id: ok-1",
    b"X: " + b"y" * 33_000,
    b"Range: bytes=0-1", b"Range: bytes=5-1,9-", b"If-None-Match: *", b"If-Modified-Since: yesterday", b"Accept-Encoding: gzip",
    b"Content-Type: multipart/form-data; boundary=" + b"b" * 300, b"Content-Type: multipart/form-data; boundary*0=a; boundary*1*=''%ff",
    b"Content-Type: application/json; charset=utf-16", b"Content-Type: ;;;", b"Content-Type: multipart/form-data; boundary=\"\xff\"",
    b"Inference-Header-Content-Length: 0", b"Inference-Header-Content-Length: 99",
    b"Authorization: Bearer \xff", b"Cookie: " + b"a=b; " * 500, b"Forwarded: for=1", b"Trailer: X",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sending:
    """The actions of a client: the pieces it writes, and how it ends."""

    pieces: tuple[bytes, ...]
    ending: str
    """`end`: it asks for the connection's end; `wait`: for the server to close; `drop`: the connection, without reading."""


def request(method: bytes, target: bytes, body: bytes = b"", *headers: bytes) -> bytes:
    """A well-formed request."""
    length = (b"Content-Length: %d" % len(body),) if body or method == b"POST" else ()
    return b"\r\n".join((b"%b %b HTTP/1.1" % (method, target), b"Host: a", *headers, *length, b"", body))


def form(*fields: tuple[bytes, bytes]) -> bytes:
    """A multipart body."""
    parts = [b"--%b\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % (BOUNDARY, name, content) for name, content in fields]
    return b"".join(parts) + b"--%b--\r\n" % BOUNDARY


def valid_requests() -> tuple[bytes, ...]:
    """One of every route and kind."""
    image = level_png(40, 8)
    text = base64.b64encode(image).decode()
    multipart, as_json = b"Content-Type: multipart/form-data; boundary=" + BOUNDARY, b"Content-Type: application/json"
    file = b'name="image"; filename="\xe7\x8c\xab.png"', image
    gets = (
        "/",
        "/info",
        "/health/live",
        "/health/ready",
        "/metrics",
        "/docs",
        "/openapi.json",
        "/web/classify.js",
        "/web/style.css",
        "/nothing",
        "/v2/models/level",
        "/v2/models/level/stats",
    )
    return (
        *(request(b"GET", path.encode()) for path in gets),
        request(b"HEAD", b"/"),
        request(b"OPTIONS", b"*"),
        request(b"GET", b"http://a/info"),
        request(b"POST", b"/classify?top_k=3&timeout_ms=500", image, b"Content-Type: image/png"),
        request(b"POST", b"/classify", form(file, (b'name="top_k"', b"3")), multipart),
        request(b"POST", b"/classify", json.dumps({"image": text, "top_k": 2}).encode(), as_json),
        request(b"POST", b"/classify/batch", form(file, file, file), multipart),
        request(b"POST", b"/classify/batch?top_k=1", json.dumps({"images": [text, text], "timeout_ms": 900}).encode(), as_json),
        request(b"POST", b"/classify", b"image=x", b"Content-Type: application/x-www-form-urlencoded"),
        b"POST /classify HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(image), image),
        request(b"POST", INFER.encode(), image, b"Inference-Header-Content-Length: 0"),
        *map(tensor_request, (image_body([image, image]), pixels_body(200), base64_body([image, image]))),
    )


def tensor_request(body: Body) -> bytes:
    """A request of the Open Inference Protocol."""
    content, headers = body
    return request(b"POST", INFER.encode(), content, *(f"{name}: {value}".encode() for name, value in headers.items()))


def _flip(random: Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(random.randint(1, 8)):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def _span(random: Random, data: bytes) -> tuple[int, int]:
    start = random.randrange(len(data))
    return start, min(len(data), start + random.randint(1, 40))


def _delete(random: Random, data: bytes) -> bytes:
    start, end = _span(random, data)
    return data[:start] + data[end:]


def _repeat(random: Random, data: bytes) -> bytes:
    start, end = _span(random, data)
    return data[:end] + data[start:end] * random.choice((1, 2, 100)) + data[end:]


def _insert(random: Random, data: bytes) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + random.choice(TOKENS) + data[at:]


def _truncate(random: Random, data: bytes) -> bytes:
    return data[: random.randrange(1, len(data) + 1)]


def _head(change: Callable[[Random, list[bytes]], None]) -> Callable[[Random, bytes], bytes]:
    def mutation(random: Random, data: bytes) -> bytes:
        head, blank, body = data.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        change(random, lines)
        return b"\r\n".join(lines) + blank + body

    return mutation


def _add_header(random: Random, lines: list[bytes]) -> None:
    lines.insert(random.randint(1, len(lines)), random.choice(HEADERS))


def _flood(random: Random, lines: list[bytes]) -> None:
    lines.extend(b"X-%d: y" % number for number in range(random.choice((50, 101, 5000))))


def _repeat_line(random: Random, lines: list[bytes]) -> None:
    lines.insert(random.randint(1, len(lines)), random.choice(lines))


def _drop_line(random: Random, lines: list[bytes]) -> None:
    del lines[random.randrange(len(lines))]


def _other_length(random: Random, lines: list[bytes]) -> None:
    lines[:] = [line for line in lines if not line.startswith(b"Content-Length")]
    lines.append(b"Content-Length: %d" % random.choice((0, 1, 50, 5000, 300_001, 200_000_000, 2**63, 2**64)))


def _first_line(random: Random, lines: list[bytes]) -> None:
    method = random.choice((b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"PATCH", b"TRACE", b"CONNECT", b"PRI", b"get", b"M-SEARCH"))
    target = random.choice(
        (b"/", b"/classify", b"/web/../x", b"/web/%2e%2e/x", b"//", b"*", b"a:1", b"/" + b"a" * 9000, b"/\xff", b"/?" + b"a=1&" * 900)
    )
    lines[0] = b"%b %b %b" % (method, target, random.choice((b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"")))


def _chunk(random: Random, data: bytes) -> bytes:
    head, _, body = data.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
    size = max(random.choice((1, 7, 64, 4096)), len(body) // 2000)
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    extension = random.choice((b"", b"", b";a=b", b";" + b"x" * min(5000, 100_000 * size // (len(body) + 1))))
    chunks = b"".join(b"%x%b\r\n%b\r\n" % (len(piece), extension, piece) for piece in pieces)
    last = random.choice(
        (b"0\r\n\r\n", b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"0\r\n" + b"X: y\r\n" * 200 + b"\r\n", b"fffffffffffffffff\r\n", b"-1\r\n", b"")
    )
    return b"\r\n".join([*lines, b"Transfer-Encoding: chunked"]) + b"\r\n\r\n" + chunks + last


def _long_body(random: Random, data: bytes) -> bytes:
    return data + bytes(random.choice((1, 1000, 400_000)))


MUTATIONS = (
    _flip, _flip, _delete, _repeat, _insert, _insert, _truncate, _chunk, _long_body,
    *map(_head, (_add_header, _add_header, _flood, _repeat_line, _drop_line, _other_length, _first_line)),
)  # fmt: skip


def sendings(seed: int, start: int = 0) -> Iterator[Sending]:
    """Requests without end; the one at an index is always the same for a seed."""
    valid = valid_requests()
    while True:
        random = Random(f"{seed}-{start}")  # noqa: S311 - a test
        requests = []
        for _ in range(random.choice((1, 1, 1, 1, 2, 3))):
            data = random.choice(valid)
            for _ in range(random.choice((0, 1, 1, 2, 3))):
                data = random.choice(MUTATIONS)(random, data) or b"\r\n"
            requests.append(data)
        data = b"".join(requests)
        cuts = sorted(random.randrange(len(data) + 1) for _ in range(random.choice((0, 0, 1, 2, 8))))
        pieces = tuple(data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True) if a < b)
        yield Sending(pieces, random.choices(("end", "drop", "wait"), (900, 97, 3))[0])
        start += 1

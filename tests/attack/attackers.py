"""Attackers, each over several connections: `python -m tests.attack.attackers NAME HOST PORT GRPC_PORT SECONDS BODIES`.

They import nothing of the server, say "ready" when they begin, and print in the end how many answers had which status.
"""

import contextlib
import itertools
import json
import os
import random
import socket
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import grpc

PIPELINED = 20
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "MKCOL")
PATHS = (
    *("/web/{}/../favicon.svg", "/web/{}", "/web//{}", "/web/%2e%2e/{}", "/docs-assets/{}", "/docs-assets/{}/../favicon.png", "/docs/{}"),
    *("/evaluate/{}", "/evaluate/{}/report", "/{}", "/classify/{}", "/classify;{}", "/./{}/..", "//{}", "/health/{}", "/metrics?{}"),
    "/{}/metrics",
)
BOUNDARY = "frontier"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
JSON = {"Content-Type": "application/json"}
PAGE = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"} | JSON
INFER = "/v2/models/level/infer"
STREAM_INFER = "/inference.GRPCInferenceService/ModelStreamInfer"
OWN_CONNECTION = (("grpc.use_local_subchannel_pool", 1),)
REBOUND = {"Host": "evil.example"} | JSON
ANSWER_S = 10
_ZEROS = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
PACKED_ZEROS = _ZEROS.compress(bytes(20_000_000)) + _ZEROS.flush(zlib.Z_FULL_FLUSH)
BATCH = 32

Request = tuple[str, str, bytes, dict[str, str]]


class Target:
    """The server, the bodies, and what it answered until the time is over."""

    def __init__(self, address: tuple[str, int], grpc_port: int, bodies: Path, seconds: float) -> None:
        self.address = address
        self.grpc_address = f"{address[0]}:{grpc_port}"
        self.answers: Counter[str] = Counter()
        self._folder = bodies
        self._bodies: dict[str, bytes] = {}
        self._end_s = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        """Whether the attack has ended."""
        return time.monotonic() >= self._end_s

    def body(self, name: str) -> bytes:
        """A file of tests/attack/bodies.py."""
        if name not in self._bodies:
            self._bodies[name] = (self._folder / name).read_bytes()
        return self._bodies[name]

    def send(self, requests: Iterator[Request]) -> None:
        """One request after another on a connection that is kept as long as the server does."""
        connection = HTTPConnection(*self.address, timeout=ANSWER_S)
        for method, path, body, headers in requests:
            if self.is_over:
                break
            try:
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                answer.read()
                self.answers[str(answer.status)] += 1
            except (OSError, HTTPException) as error:
                self.answers[type(error).__name__] += 1
                connection.close()
        connection.close()


def form(name: str, *files: bytes) -> bytes:
    """A multipart body."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="a"\r\n\r\n'.encode()
    return b"".join(head + file + b"\r\n" for file in files) + f"--{BOUNDARY}--\r\n".encode()


def random_requests(source: random.Random) -> bytes:
    """Requests of random methods, paths and headers on one connection, the last of which closes it."""
    requests = ""
    for number in range(PIPELINED):
        word = "".join(source.choices("abcdefghijklmnopqrstuvwxyz0123456789.~-_", k=source.randrange(1, 40)))
        last = "Connection: close\r\n" if number == PIPELINED - 1 else ""
        target = source.choice(PATHS).format(word)
        requests += f"{source.choice(METHODS)} {target} HTTP/1.1\r\nHost: {word}\r\nX-Request-Id: {word}\r\nX-{word}: {word}\r\n{last}\r\n"
    return requests.encode()


def names(target: Target, number: int) -> None:
    """Paths, methods and headers that no request had before; one connection reads the metrics."""
    if number == 0:
        target.send(itertools.repeat(("GET", "/metrics", b"", {})))
    source = random.Random(number)
    while not target.is_over:
        with contextlib.suppress(OSError), socket.create_connection(target.address, ANSWER_S) as client:
            client.sendall(random_requests(source))
            while client.recv(65536):
                pass
            target.answers["connections"] += 1


def posts(path: str, headers: dict[str, str], make: Callable[[Target], list[bytes]]) -> Callable[[Target, int], None]:
    """These bodies in turn, each connection beginning with another."""

    def act(target: Target, number: int) -> None:
        bodies = make(target)
        turns = itertools.islice(itertools.cycle(bodies), number % len(bodies), None)
        target.send(("POST", path, body, headers) for body in turns)

    return act


def infer(target: Target, number: int) -> None:
    """The tensors of tests/attack/bodies.py in turn, each connection beginning with another."""
    tensors = json.loads(target.body("tensors.json"))
    turns = itertools.islice(itertools.cycle(tensors), number % len(tensors), None)
    target.send(("POST", INFER, target.body(name), tensors[name]) for name in turns)


def streams(target: Target, number: int) -> None:
    """A stream of gRPC without end, of two messages in turn; one that the server ends is opened again."""
    messages = target.body("slow.message"), target.body("large.message")
    while not target.is_over:
        with grpc.insecure_channel(target.grpc_address, OWN_CONNECTION) as channel:
            try:
                for _ in channel.stream_stream(STREAM_INFER)(itertools.islice(itertools.cycle(messages), number % 2, None)):
                    target.answers["messages"] += 1
            except grpc.RpcError as error:
                target.answers[error.code().name] += 1


def gone(target: Target, number: int) -> None:
    """A large body without its last byte, and the connection closed; every second connection sends those that fail."""
    if number % 2:
        failing(target, number)
    body = target.body("late")
    while not target.is_over:
        with contextlib.suppress(OSError), socket.create_connection(target.address, ANSWER_S) as client:
            client.sendall(b"POST /classify HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:-1])
        target.answers["closed"] += 1


def held_upload(target: Target, _number: int) -> None:
    """A megabyte of an upload that never ends."""
    body = form("archive", bytes(2**20))[:-20]
    head = b"POST /evaluate HTTP/1.1\r\nHost: localhost\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
    while not target.is_over:
        with contextlib.suppress(OSError), socket.create_connection(target.address, ANSWER_S) as client:
            client.sendall(head % (FORM["Content-Type"].encode(), 2**30) + body)
            client.settimeout(1)
            while not target.is_over and (answer := slowly(client)) is not None:
                if answer:
                    target.answers[answer.split(b" ", 2)[1].decode()] += 1
                    break
        target.answers["held"] += 1


def announced(target: Target, number: int) -> None:
    """Heads that announce bodies of 20 MB and less, of so many sizes that their sum fills any budget; a byte of each comes.

    Every second one begins with zeros, packed to a thousandth.
    """
    path = ("/classify", "/classify/batch", INFER)[number % 3]
    beginning, coding = (PACKED_ZEROS, "Content-Encoding: gzip\r\n") if number % 2 else (b"\xff", "")
    announced_bytes = (20_000_000 >> number // 2 % 20) + len(beginning)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n{coding}Content-Length: {announced_bytes}\r\n\r\n"
    while not target.is_over:
        with contextlib.suppress(OSError), socket.create_connection(target.address, ANSWER_S) as client:
            client.sendall(head.encode() + beginning)
            answer = client.recv(65536)
            target.answers[answer.split(b" ", 2)[1].decode() if answer else "closed"] += 1


def slowly(client: socket.socket) -> bytes | None:
    """Ten kilobytes more, and the answer after a second if there is one; None when the connection is closed."""
    client.sendall(bytes(10_000))
    try:
        return client.recv(65536) or None
    except TimeoutError:
        return b""


def trapped(target: Target, number: int) -> None:
    """Evaluations of a set whose images are a FIFO and a link; each is cancelled at once, and the list read."""
    asks: list[Request] = [("POST", "/evaluate", b'{"dataset": "trap"}', JSON), ("GET", "/evaluate", b"", {})]
    if number == 0:
        asks.append(("POST", "/admin/models/reload", b"", {}))
    target.send(itertools.cycle(asks))


failing = posts("/classify", {}, lambda target: [target.body(name) for name in ("damaged", "huge", "inside", "late")])


@dataclass(frozen=True)
class Attack:
    """How many connections do what; `row` is the kind of attack, as docs/performance.md lists it."""

    row: str
    connections: int
    act: Callable[[Target, int], None]


ATTACKS = {
    "names": Attack("random paths, methods and headers; /metrics", 8, names),
    "bombs": Attack(
        "batches of 32 arithmetic JPEGs of 50 megapixels",
        64,
        posts("/classify/batch", FORM, lambda target: [form("image", *[target.body("bomb.jpg")] * BATCH)]),
    ),
    "costly": Attack(
        "progressive JPEGs of 49 megapixels, accepted", 64, posts("/classify", {}, lambda target: [target.body("progressive.jpg")])
    ),
    "turned": Attack("PNGs of 49 megapixels that EXIF turns", 64, posts("/classify", {}, lambda target: [target.body("turned.png")])),
    "failing": Attack("bodies of 19 MB that fail, and clients that leave", 8, gone),
    "archives": Attack(
        "archives of long names, many folders, many entries",
        8,
        posts(
            "/evaluate",
            FORM,
            lambda target: [form("archive", target.body(name)) for name in ("name.tar.bz2", "folders.tar.gz", "entries.zip")],
        ),
    ),
    "pages": Attack(
        "reloads and evaluations by pages of other sites",
        16,
        lambda target, _: target.send(
            itertools.cycle(
                ("POST", path, b'{"dataset": "trap"}', headers)
                for path in ("/admin/models/reload", "/evaluate")
                for headers in (PAGE, REBOUND)
            )
        ),
    ),
    "scans": Attack("JPEGs of 19 MB with 100 scans", 8, posts("/classify", {}, lambda target: [target.body("scans.jpg")])),
    "trap": Attack("evaluations of a set with a FIFO", 8, trapped),
    "uploads": Attack("uploads that never end", 128, held_upload),
    "announced": Attack("bodies that are announced and do not come", 320, announced),
    "infer": Attack("tensors of slow pictures, of pixels, in base64", 32, infer),
    "streams": Attack("streams of gRPC, messages of slow pictures and of 19 MB", 32, streams),
}
MIXED = 256
"""Connections of the attack `mixed`, which is all of them at once."""


def attack(name: str, target: Target) -> None:
    """Attack until the time is over."""
    if name == "mixed":
        acts = [(one.act, turn) for turn in range(MIXED) for one in ATTACKS.values()][:MIXED]
    else:
        acts = [(ATTACKS[name].act, turn) for turn in range(ATTACKS[name].connections)]
    threads = [threading.Thread(target=act, args=(target, turn), daemon=True) for act, turn in acts]
    for thread in threads:
        thread.start()
    while not target.is_over:
        time.sleep(0.1)


def main(name: str, host: str, port: str, grpc_port: str, seconds: str, bodies: str) -> None:
    """Attack, and tell what was answered."""
    os.nice(19)
    target = Target((host, int(port)), int(grpc_port), Path(bodies), float(seconds))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    attack(name, target)
    sys.stdout.write(json.dumps(target.answers) + "\n")
    sys.stdout.flush()
    os._exit(0)  # connections that wait for an answer are dropped, as an attacker's are


if __name__ == "__main__":
    main(*sys.argv[1:])

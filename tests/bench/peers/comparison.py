"""Ours and the peers, in turns: the same network in the same precision, the same picture, the same client."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Protocol

from models.store import ModelStore, StoredModel
from tests.bench.client import Figures, Load, run
from tests.bench.peers.environments import PEERS, Peer, installed
from tests.bench.peers.peer_server import PeerServer
from tests.bench.served import ServedModel
from tests.bench.table import Goal

CONNECTIONS = 32
GOAL = 1.05
BOUNDARY = "ascend-classify-bench"
JPEG, FORM = "image/jpeg", f"multipart/form-data; boundary={BOUNDARY}"


class Served(Protocol):
    """A server that runs."""

    url: str

    def cpu_s(self) -> float:
        """Processor time used so far."""


Start = Callable[[], AbstractContextManager[Served]]


@dataclass
class Contender:
    """One server: how it is started, what it is sent, and all measurements so far."""

    name: str
    start: Start
    body: Path
    content_type: str = JPEG
    loads: list[Figures] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)

    def measure(self, seconds: float) -> None:
        """Start it, load it, stop it."""
        with self.start() as server:
            before_s = server.cpu_s()
            found = run(Load(server.url, str(self.body), CONNECTIONS, seconds, content_type=self.content_type))
            self.cpu_ms.append((server.cpu_s() - before_s) / max(1, found["answered"]) * 1000)
            self.loads.append(found)

    def ratio(self, other: "Contender") -> float:
        """The median of the rounds' images/s, this ÷ the other."""
        return median(one["rate"] / max(1e-9, two["rate"]) for one, two in zip(self.loads, other.loads, strict=True))


def compare(
    store: Path, name: str, image: Path, precision: str, rounds: int, seconds: float, tell: Callable[[str], None]
) -> list[Contender]:
    """Measure ours on each engine and every peer that can be installed; the first is ours."""
    model = ModelStore(store).open(name)
    contenders = [*_ours(store, name, image, precision), *_peers(model, image, precision, tell)]
    for number in range(1, rounds + 1):
        for contender in list(contenders):
            tell(f"round {number} of {rounds}: {contender.name}")
            try:
                contender.measure(seconds)
            except RuntimeError as error:
                if contender is contenders[0]:  # all others are held against it
                    raise
                tell(f"{contender.name}: left out. {error}")
                contenders.remove(contender)
    return contenders


def _ours(store: Path, name: str, image: Path, precision: str) -> Iterator[Contender]:
    told = {} if precision == "default" else {"precision": precision}
    for engines in ("stream", "mxbase"):
        settings = {"model_store": store, "model": name, "engines": engines} | told
        yield Contender(f"ascend-classify, {engines}", lambda settings=settings: ServedModel(**settings), image)  # type: ignore[misc]


def _peers(model: StoredModel, image: Path, precision: str, tell: Callable[[str], None]) -> Iterator[Contender]:
    recipe, artifact = model.manifest.recipe, model.check_artifact("cpu", "int8" if precision == "int8" else "f32")[1]
    hint = "f32" if precision == "int8" else precision  # the file says itself what is int8
    arguments = (str(artifact.absolute()), str(recipe.resize_width_px), str(recipe.resize_height_px), hint)
    form = image.with_suffix(".form")
    for peer in PEERS:
        if python := installed(peer, tell):
            if peer.form_field:
                form.write_bytes(form_of(peer.form_field, image.read_bytes()))
            body, content_type = (form, FORM) if peer.form_field else (image, JPEG)
            yield Contender(peer.name, _start(peer, python, arguments, body, content_type), body, content_type)


def _start(peer: Peer, python: Path, arguments: tuple[str, ...], body: Path, content_type: str) -> Start:
    return lambda: PeerServer(peer, python, arguments, body.read_bytes(), content_type)


def form_of(name: str, content: bytes) -> bytes:
    """A multipart form with the picture in one field."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="photo.jpg"\r\nContent-Type: {JPEG}\r\n\r\n'
    return head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def table(contenders: list[Contender]) -> Iterator[str]:
    """A Markdown table, medians of all rounds; then the goals."""
    ours, plain = contenders[0], next((one for one in contenders if one.name == PEERS[0].name), None)
    yield "| Server | images/s | ÷ ours (stream) | p50 ms | p99 ms | CPU-ms |"
    yield "|---|---|---|---|---|---|"
    for one in contenders:
        rate, p50_ms, p99_ms = (median(load[key] for load in one.loads) for key in ("rate", "p50_ms", "p99_ms"))
        yield f"| {one.name} | {rate:.0f} | {one.ratio(ours):.2f} | {p50_ms:.0f} | {p99_ms:.0f} | {median(one.cpu_ms):.2f} |"
    yield ""
    for one in contenders[:2]:
        if plain and one.name.startswith("ascend-classify"):
            yield str(Goal(f"{one.name} ÷ the plain script, {CONNECTIONS} connections", one.ratio(plain), GOAL))

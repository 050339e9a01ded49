"""No body holds the event loop: what one callback takes of its thread's time, while a neighbour's requests go on."""

import itertools
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.attack.conftest import ENGINES
from tests.attack.siege import Kept
from tests.factories.hostile_bodies import bodies, packed_bodies
from tests.level_model import level_png, store_level_model
from tests.server.process import ServerProcess

MOST_S = 0.02
PROGRAM = (sys.executable, "-m", "tests.attack.timed_loop")
BODIES = bodies()
PACKED = packed_bodies()
DECODED = ("BMP", "form of 32 images", "tensor of pixels")
"""Bodies that an engine gets: here they go to each kind of engine, the others to one."""
HERE = [(engine, name) for engine, name in itertools.product(ENGINES, BODIES) if engine == "stream" or name in DECODED]
LATER = [case for case in itertools.product(ENGINES, BODIES) if case not in HERE]


class Watched:
    """A server, and what its loop noted."""

    def __init__(self, server: ServerProcess, notes: Path) -> None:
        self.server = server
        self._notes = notes

    def longest(self) -> tuple[float, float, str]:
        """The longest callback since the last call: seconds of its thread, of the clock, and what it was."""
        found = [line.split(" ", 2) for line in self._notes.read_text().splitlines()]
        self._notes.write_text("")
        return max(((float(used), float(took), what) for used, took, what in found), default=(0.0, 0.0, "nothing"))


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept[Watched]]:
    @contextmanager
    def watch(engine: str) -> Iterator[Watched]:
        store, notes = tmp_path_factory.mktemp("store"), tmp_path_factory.mktemp("notes") / "callbacks"
        store_level_model(store)
        notes.touch()
        with ServerProcess(model_store=store, model="level", long_callbacks=notes, python=PROGRAM, **ENGINES[engine]) as server:
            yield Watched(server, notes)

    with closing(Kept(watch)) as servers:
        yield servers


@pytest.fixture
def watched(servers: Kept[Watched]) -> Watched:
    return servers.of("stream")


@pytest.mark.parametrize(("engine", "name"), [*HERE, *(pytest.param(*case, marks=pytest.mark.soak) for case in LATER)])
def test_a_body_of_twenty_megabytes(servers: Kept[Watched], engine: str, name: str) -> None:
    watched, (path, (body, headers)) = servers.of(engine), BODIES[name]
    watched.server.client.post("/classify", content=level_png(8))
    watched.longest()
    statuses, longest = set(), []
    for _ in range(3):
        statuses.add(watched.server.client.post(path, content=body, headers=headers).status_code)
        longest.append(watched.longest())
    used_s, took_s, what = min(longest)  # a body that holds the loop does so each time
    longest_ms = f"{used_s * 1e3:.1f} ms ({took_s * 1e3:.1f} by the clock)"
    print(f"{engine}, {name}: {len(body) / 1e6:.0f} MB, {sorted(statuses)}; the loop at most {longest_ms}")
    assert statuses <= {200, 400, 413, 415, 422}
    assert used_s < MOST_S, what


@pytest.mark.parametrize("name", PACKED)
def test_a_packed_body(watched: Watched, name: str) -> None:
    coding, body = PACKED[name]
    watched.longest()
    reply = watched.server.client.post("/classify", content=body, headers={"Content-Encoding": coding})
    used_s, took_s, what = watched.longest()
    print(
        f"{name}: {len(body) / 1e6:.0f} MB, {reply.status_code}; the loop at most {used_s * 1e3:.1f} ms ({took_s * 1e3:.1f} by the clock)"
    )
    assert reply.status_code in (400, 413, 415, 422)
    assert used_s < MOST_S, what


def test_the_watch_itself_works(watched: Watched) -> None:
    """JSON of less than a megabyte is read on the loop, which takes a while, of ten times at least once."""
    watched.longest()
    body = b'{"image": "%s"}' % (b"A" * 1_000_000)
    for _ in range(10):
        watched.server.client.post("/classify", content=body, headers={"Content-Type": "application/json"})
    used_s, _, what = watched.longest()
    assert 0 < used_s < MOST_S, what

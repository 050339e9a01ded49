"""A victim at four requests a second, while each attack runs: every answer is 200. The latencies are printed beside the goal."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.attack.attackers import ATTACKS
from tests.attack.conftest import Figures
from tests.attack.siege import ATTACK_S, Found, attacked, besieged_server, victim
from tests.server.process import ServerProcess

SECONDS = 2
LONG_S, MIXED_S = 30, 1800  # in make soak
WORST_MS, TRIES = 2_000, 2
SERVERS = {
    "stream": {"engines": "stream"},
    "mxbase": {"engines": "mxbase"},
    "processes": {"engines": "stream,mxbase", "engine_processes": "yes"},
}
WORST = ("costly", "turned", "failing")
SHORT = [(server, attack, SECONDS) for server in SERVERS for attack in (ATTACKS if server == "stream" else WORST)]
LONG = [(server, attack, LONG_S) for server in SERVERS for attack in ATTACKS] + [
    (server, "mixed", MIXED_S) for server in ("stream", "processes")
]


class Sieges:
    """One server at a time, kept as long as the same is asked for; with what the victim found when it was alone."""

    def __init__(self, folders: pytest.TempPathFactory, bodies: Path) -> None:
        self.bodies = bodies
        self._folders = folders
        self._name = ""
        self._stack = ExitStack()
        self._found: tuple[ServerProcess, Found]

    def of(self, name: str) -> tuple[ServerProcess, Found]:
        """The server of this name."""
        if name != self._name:
            self.close()
            server = self._stack.enter_context(besieged_server(self._folders.mktemp("siege"), **SERVERS[name]))
            self._name, self._found = name, (server, victim(server, SECONDS, self.bodies))
        return self._found

    def close(self) -> None:
        """End the server."""
        self._stack.close()


@pytest.fixture(scope="module")
def sieges(bodies: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sieges]:
    with closing(Sieges(tmp_path_factory, bodies)) as sieges:
        yield sieges


@pytest.mark.parametrize(("name", "attack", "seconds"), [*SHORT, *(pytest.param(*case, marks=pytest.mark.soak) for case in LONG)])
def test_a_victim_is_answered(sieges: Sieges, figures: Figures, name: str, attack: str, seconds: float) -> None:
    server, alone = sieges.of(name)
    for _ in range(TRIES):  # what stalls the machine passes; what stalls the server comes again
        with attacked(server, attack, ATTACK_S + seconds + ATTACK_S, sieges.bodies) as answers:
            time.sleep(ATTACK_S)
            found = victim(server, seconds, sieges.bodies)
        assert found.statuses.keys() == {"200"}, server.troubles()
        if found.p99_ms < WORST_MS:
            break
    row = ATTACKS[attack].row if attack in ATTACKS else "all of these at once"
    figures(f"victim, {name}: {row}", f"{found}; attackers got {answers}", f"all 200; goal p99 {2 * alone.p99_ms + 50:.0f} ms")
    assert alone.statuses.keys() == {"200"}
    assert found.p99_ms < WORST_MS, server.troubles()
    assert server.client.get("/health/ready").status_code == 200

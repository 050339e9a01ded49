"""A victim at four requests a second, while each attack runs: every answer is 200. The latencies are printed beside the goal."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attack.attackers import ATTACKS
from tests.attack.conftest import Figures
from tests.attack.siege import ATTACK_S, Found, attacked, besieged_server, victim
from tests.server.process import ServerProcess

SECONDS = 5
LONG_S, MIXED_S = 30, 1800  # in make soak
WORST_MS = 2_000
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


class Besieged:
    """A server, and what the victim found when it was alone."""

    def __init__(self, server: ServerProcess, bodies: Path) -> None:
        self.server = server
        self.bodies = bodies
        self.alone: Found = victim(server, SECONDS, bodies)


@pytest.fixture(scope="module")
def besieged(request: pytest.FixtureRequest, bodies: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Besieged]:
    with besieged_server(tmp_path_factory.mktemp("siege"), **SERVERS[request.param]) as server:
        yield Besieged(server, bodies)


@pytest.mark.parametrize(
    ("besieged", "attack", "seconds"), [*SHORT, *(pytest.param(*case, marks=pytest.mark.soak) for case in LONG)], indirect=["besieged"]
)
def test_a_victim_is_answered(besieged: Besieged, figures: Figures, request: pytest.FixtureRequest, attack: str, seconds: float) -> None:
    server, alone = besieged.server, besieged.alone
    with attacked(server, attack, ATTACK_S + seconds + ATTACK_S, besieged.bodies) as answers:
        time.sleep(ATTACK_S)
        found = victim(server, seconds, besieged.bodies)
    row = ATTACKS[attack].row if attack in ATTACKS else "all of these at once"
    name = request.node.callspec.id.partition("-")[0]
    figures(f"victim, {name}: {row}", f"{found}; attackers got {answers}", f"all 200; goal p99 {2 * alone.p99_ms + 50:.0f} ms")
    assert alone.statuses.keys() == {"200"}
    assert found.statuses.keys() == {"200"}
    assert found.p99_ms < WORST_MS
    assert server.client.get("/health/ready").status_code == 200

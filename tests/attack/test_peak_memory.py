"""256 clients that attack in every way at once: what all processes of the server hold at the most."""

from pathlib import Path

import pytest

from server.settings import Settings
from tests.attack.attackers import MIXED
from tests.attack.conftest import ENGINES, Figures
from tests.attack.siege import attacked, besieged_server

SECONDS = 12
BASE_MB = 256
MIB = 1024 * 1024


@pytest.mark.parametrize("engine", [pytest.param(each, marks=pytest.mark.soak if each != "stream" else ()) for each in ENGINES])
def test_the_server_stays_within_its_budgets(bodies: Path, tmp_path: Path, figures: Figures, engine: str) -> None:
    limits = Settings()
    # gRPC does not tell when a message has begun: what its streams have not read to the end comes beside the budgets (docs/oip.md)
    unread_bytes = limits.body_budget_bytes // limits.max_body_bytes * limits.max_body_bytes
    bound_mb = BASE_MB + (limits.body_budget_bytes + limits.decode_budget_bytes + unread_bytes) / MIB
    with besieged_server(tmp_path, **ENGINES[engine]) as server:
        before_mb = server.memory_mb()
        with attacked(server, "mixed", SECONDS, bodies) as answers:
            pass
        peak_mb = server.memory_mb("VmHWM")
        figures(
            f"{MIXED} clients of every kind, {engine}, {sum(answers.values())} answers",
            f"{before_mb:.0f} MiB before, {peak_mb:.0f} at the most, {server.memory_mb():.0f} after",
            f"{bound_mb:.0f} MiB",
        )
    assert peak_mb < bound_mb

"""256 clients that attack in every way at once: what the whole process holds at the most."""

from pathlib import Path

from server.settings import Settings
from tests.attack.attackers import MIXED
from tests.attack.conftest import Figures
from tests.attack.siege import attacked, besieged_server

SECONDS = 12
BASE_MB = 256
MIB = 1024 * 1024


def test_the_process_stays_within_its_budgets(bodies: Path, tmp_path: Path, figures: Figures) -> None:
    limits = Settings()
    bound_mb = BASE_MB + (limits.body_budget_bytes + limits.decode_budget_bytes) / MIB
    with besieged_server(tmp_path) as server:
        before_mb = server.memory_mb()
        with attacked(server, "mixed", SECONDS, bodies) as answers:
            pass
        peak_mb = server.memory_mb("VmHWM")
        figures(
            f"{MIXED} clients of every kind, {sum(answers.values())} answers",
            f"{before_mb:.0f} MiB before, {peak_mb:.0f} at the most, {server.memory_mb():.0f} after",
            f"{bound_mb:.0f} MiB",
        )
    assert peak_mb < bound_mb

import shutil
import sys
from pathlib import Path

from tests.bench.scaling import compare_setups, scaling_lines
from tests.level_model import level_png


def test_every_setup_answers_and_costs_something(tmp_path: Path) -> None:
    image = tmp_path / "photo.png"
    image.write_bytes(level_png(8))
    others = {"mine": f"{sys.executable} -m server serve"}
    found = compare_setups({"engines": "fake"}, image, others, 1, 0.3, lambda _: None)
    behind = ["HAProxy, two servers"] if shutil.which("haproxy") else []
    assert [one.name for one in found] == ["one process", "four engine processes", *behind, "mine"]
    for one in found:
        assert set(one.loads[0]["statuses"]) == {"200"}, one.name
        assert one.loads[0]["answered"] > 0
        assert one.cpu_ms[0] > 0
        assert one.memory_bytes > 10_000_000
    lines = list(scaling_lines("null", found))
    assert lines[2].startswith("| one process | ")
    assert [line.rpartition("| ")[2] for line in lines[2:-1]] == ["0 |"] * len(found)

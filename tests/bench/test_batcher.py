import shutil
from pathlib import Path

import pytest

from tests.bench.batcher import compare_batchers


@pytest.mark.skipif(not (shutil.which("cmake") and shutil.which("c++")), reason="a compiler is needed")
def test_a_table_of_every_batcher_at_every_load(tmp_path: Path) -> None:
    head, line, *rows = compare_batchers(0.25, "ResNet101", build=tmp_path).splitlines()
    assert head.count("|") == line.count("|") == 10
    cells = [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]
    assert [row[1] for row in cells[::5]] == ["30 %", "60 %", "90 %", "110 %"]
    assert {row[2] for row in cells} == {"gear-aware", "full or 2 ms", "full or 5 ms", "full or 10 ms", "full or 2 ms, split"}
    for row in cells:
        p50_ms, p99_ms, rate = map(float, row[3:6])
        assert 4 + 1000 / 247.9 < p50_ms <= p99_ms  # a decode and the shortest inference
        assert 0 < rate < 1.5 * 401

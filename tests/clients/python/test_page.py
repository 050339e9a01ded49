"""The programs of the page of the client run as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.level_model import level_png
from tests.server.evaluation.level_sets import make_level_set
from tests.server.process import ServerProcess

ROOT = Path(__file__).parents[3]
PROGRAMS = re.findall(r"```python\n(.*?)```", (ROOT / "docs/client.md").read_text("utf-8"), re.DOTALL)


def test_it_begins_as_the_readme_of_the_package() -> None:
    assert PROGRAMS[0] in (ROOT / "clients/python/README.md").read_text("utf-8")


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_a_program(program: str, server: ServerProcess, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for path in (tmp_path / "photo.jpg", tmp_path / "photos/a.png", tmp_path / "photos/b.png"):
        path.write_bytes(level_png(40))
    make_level_set(tmp_path / "val", 20)
    text = program.replace("http://localhost:8000", server.url)
    command = [sys.executable, "-c", text]
    paths = {"PYTHONPATH": str(ROOT / "clients/python")}
    done = subprocess.run(command, cwd=tmp_path, env=paths, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()

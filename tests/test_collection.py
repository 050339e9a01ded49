"""Every process finds the same tests: pytest-xdist hands them to its workers by their ids."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_ids_are_the_same_in_each_process(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """In another one, later, with other hashes and another folder for temporary files."""
    own = {item.nodeid for item in request.session.items}
    files = sorted({nodeid.partition("::")[0] for nodeid in own})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-m", "", "-p", "no:cacheprovider", *files]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"PYTHONHASHSEED": "1", "TMPDIR": str(tmp_path)}
    found = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert found.returncode == 0, found.stdout[-2000:]
    assert own - set(found.stdout.splitlines()) == set()

import os
from pathlib import Path

import pytest

from tests.server.cli.doctor.atlas import Atlas


@pytest.fixture
def atlas(tmp_path: Path) -> Atlas:
    """A healthy Atlas 300, to spoil."""
    if os.geteuid() != 0:
        pytest.skip("device nodes and files of other users take root to make")
    return Atlas(tmp_path / "atlas")

"""Where an OM comes from."""

import json
import shlex
import stat
from datetime import datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from convert.atc.provenance import Provenance, converter, now, shell_line
from models.artifact_facts import provenance_path


def test_it_is_written_beside_the_om(tmp_path: Path) -> None:
    path = provenance_path(tmp_path / "m.om")
    assert path == tmp_path / "m.om.json"
    Provenance("m.om", "a", "m.air", "b", "aipp", "c", "Ascend310", (1, 2), "ATC 1", "atc", now(), now(), converter()).write(path)
    written = json.loads(path.read_text())
    assert (written["om_sha256"], written["batch_sizes"], written["converter"]) == ("a", [1, 2], converter())
    assert datetime.fromisoformat(written["started"]).tzinfo
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path]


@given(st.lists(st.text(st.characters(exclude_characters="\0"))))
def test_the_line_is_what_a_shell_takes(arguments: list[str]) -> None:
    assert shlex.split(shell_line(tuple(arguments))) == ["atc", *arguments]

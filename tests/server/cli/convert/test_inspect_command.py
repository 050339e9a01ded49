import json
from pathlib import Path

from tests.server.cli.command import run


def test_inspect_tells_and_answers_by_its_exit_status(tmp_path: Path) -> None:
    whole = run("convert", "inspect", "resnext101_32x4d", "--model-store", tmp_path)
    assert whole.returncode == 0
    assert "model resnext101_32x4d\n" in whole.stdout
    (tmp_path / "m.om").write_bytes(b"IMOD")
    broken = run("convert", "inspect", tmp_path / "m.om", "--json")
    assert broken.returncode == 1
    told = json.loads(broken.stdout)
    assert (told["kind"], told["fits"], told["findings"][0]["fits"]) == ("OM, a model for Ascend", False, False)


def test_nothing_is_a_refusal(tmp_path: Path) -> None:
    nothing = run("convert", "inspect", tmp_path / "gone.om")
    assert nothing.returncode == 1
    assert nothing.stderr.endswith("[convert_error]\n")

"""`models list`."""

import json
from pathlib import Path

from tests.ascend_double.double import store_om_model
from tests.server.cli.command import run
from tests.server.evaluation.level_sets import make_level_set


def test_the_table_and_its_json(tmp_path: Path) -> None:
    store_om_model(tmp_path / "store")
    places = {"MODEL_STORE": str(tmp_path / "store"), "EVALUATION_DIR": str(tmp_path / "runs")}
    evaluated = run("evaluate", make_level_set(tmp_path / "val", 8).folder, "--model", "level", **places)
    assert evaluated.returncode == 0, evaluated
    head, *lines = run("models", "list", **places).stdout.splitlines()
    assert head.split() == ["MODEL", "SIZE", "PRECISION", "ACCURACY", "ARTIFACTS", "STATE"]
    level = next(line for line in lines if line.startswith("level "))
    assert [cell.strip() for cell in level.split("  ") if cell.strip()] == [
        *("level", "0.0 MB", "f32", "87.50% on val", "cpu, Ascend310", "prepared")
    ]
    assert any(line.endswith("only in the zoo") for line in lines)
    row = next(each for each in json.loads(run("models", "list", "--json", **places).stdout) if each["name"] == "level")
    assert (row["prepared"], row["precision"], row["accuracy"]) == (True, "f32", {"top1": 0.875, "dataset": "val"})
    assert [(each["soc"], each["declared"]) for each in row["artifacts"]] == [("cpu", False), ("Ascend310", False)]
    assert row["size_bytes"] > 1000

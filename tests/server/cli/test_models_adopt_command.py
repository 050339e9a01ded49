"""`models adopt`."""

import json
from pathlib import Path

from models.recipe_line import recipe_line
from tests.convert.inspection.models_made import make_om
from tests.level_model import store_level_model
from tests.server.cli.command import run


def test_an_om_is_declared_by_hand(tmp_path: Path) -> None:
    model = store_level_model(tmp_path / "store")
    make_om(tmp_path / "foreign.om")
    store = ("--model-store", tmp_path / "store")
    done = run("models", "adopt", tmp_path / "foreign.om", "level", "--score-type", "probability", "--batch-sizes", "1,2", *store)
    assert done.returncode == 0, done
    assert done.stdout.startswith(f"Recipe: {recipe_line(model.manifest.recipe)}.\n")
    assert done.stdout.endswith("what its OM takes and gives is declared by hand.\n")
    shown = json.loads(run("models", "show", "level", "--json", *store).stdout)
    assert [(each["soc"], each["score_type"], each["declared"]) for each in shown["artifacts"]] == [
        *(("cpu", "logit", False), ("Ascend310", "probability", True))
    ]
    assert (model.folder / "level.Ascend310.om").read_bytes() == (tmp_path / "foreign.om").read_bytes()
    config = run("models", "classifier-config", "level", "--soc", "Ascend310", *store)
    assert json.loads(config.stdout)["softmax"] is False
    missing = run("models", "adopt", tmp_path / "foreign.om", "level", *store)
    assert (missing.returncode, "--score-type" in missing.stderr) == (2, True)

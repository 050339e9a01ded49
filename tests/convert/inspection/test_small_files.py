from pathlib import Path

import pytest

from convert.inspection.context import Context
from convert.inspection.findings import Inspection
from convert.inspection.small_files import inspect_aipp, inspect_pipeline
from models.store import StoredModel
from pipelines.render import PipelinePaths, render_config, render_pipeline


def problems(inspection: Inspection) -> list[str]:
    return [finding.what for finding in inspection.findings if not finding.fits]


def test_an_aipp_config(small: StoredModel, tmp_path: Path) -> None:
    path = small.folder / "aipp.config"
    inspection = inspect_aipp(path, Context(small.folder))
    assert problems(inspection) == []
    assert (inspection.facts["input"], inspection.facts["mean"]) == ("RGB888_U8 224x224", "127, 127, 127")
    path.write_text(path.read_text().replace("rbuv_swap_switch : true", ""))
    assert problems(inspect_aipp(path, Context(small.folder))) == ["rbuv_swap_switch is false, but small needs true"]
    assert problems(inspect_aipp(path, Context(tmp_path))) == []
    path.write_text("aipp_op {")
    assert problems(inspect_aipp(path, Context(tmp_path))) == [f"{path}, line 1: the '}}' of aipp_op is missing"]


def pipeline(small: StoredModel) -> str:
    config = small.folder / "small.cfg"
    config.write_text(render_config(small.manifest))
    paths = PipelinePaths(str(small.folder / "small.om"), str(config), str(small.folder / small.manifest.labels))
    return render_pipeline(small.manifest, paths, ["one", "two"]).decode()


def test_a_pipeline_that_fits(small: StoredModel, tmp_path: Path) -> None:
    (tmp_path / "p").write_text(pipeline(small))
    inspection = inspect_pipeline(tmp_path / "p")
    assert problems(inspection) == []
    assert list(inspection.facts) == ["stream one", "stream two"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"224"', '"256"', "mxpi_imageresize0: 256x256, but the manifest says 224x224"),
        ("small.om", "gone.om", "gone.om is missing"),
        ("small.names", "gone.names", "gone.names"),
        ("mxpi_imageresize0", "mxpi_imageresize0 ", "mxpi_imageresize0"),
    ],
)
def test_a_pipeline_that_does_not(small: StoredModel, tmp_path: Path, old: str, new: str, problem: str) -> None:
    (tmp_path / "p").write_text(pipeline(small).replace(old, new, 2 if new.endswith('"') else 1))
    found = problems(inspect_pipeline(tmp_path / "p"))
    assert any(problem in what for what in found)


def test_classes_that_are_not_the_models(small: StoredModel, tmp_path: Path) -> None:
    (tmp_path / "p").write_text(pipeline(small))
    (small.folder / "small.cfg").write_text("CLASS_NUM=1000\n")
    assert problems(inspect_pipeline(tmp_path / "p")) == ["CLASS_NUM: 1000, but the manifest says 10"]

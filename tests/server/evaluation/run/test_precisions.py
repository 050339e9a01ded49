"""The digits in each precision, evaluated by the engines that serve: how often they are right does not change beyond chance."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from convert.prepare import prepare
from models.artifact_precision import Precision
from models.store import ModelStore
from pipelines.cpu.processor import lack
from server.cli.convert.quantize_command import quantize
from server.cli.flags import load_settings
from server.evaluation.jobs.evaluation_job import EvaluationRequest
from server.evaluation.report.run_comparison import compare
from server.evaluation.run.local_run import evaluate
from server.evaluation.run.run_folder import RunFolder
from tests.conftest import shared

DIGITS = "resnext_digits"
EVALUATED = 299


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with both artifacts. Each sixth picture calibrated, and is left out of the set."""
    made, store = shared(tmp_path_factory, "digits", lambda folder: prepare(DIGITS, ModelStore(folder))), tmp_path_factory.mktemp("store")
    shutil.copytree(made / DIGITS, store / DIGITS)
    calibration = tmp_path_factory.mktemp("calibration")
    for path in sorted((store / DIGITS / "evaluation/mixed/classes").rglob("*.png"))[::6]:
        path.rename(calibration / path.name)
    quantize(DIGITS, calibration, model_store=store)
    return store


def evaluated(store: Path, engine: str, precision: Precision, folder: Path) -> RunFolder:
    settings = load_settings(model_store=store, model=DIGITS, engines=engine, precision=precision)
    images = store / DIGITS / "evaluation/mixed/classes"
    return evaluate(settings, images, None, EvaluationRequest(dataset="digits"), RunFolder(folder / precision), lambda _: None).folder


@pytest.mark.parametrize(
    "engine", ["stream", pytest.param("mxbase", marks=pytest.mark.skipif(find_spec("mxclassify") is None, reason="make mxbase builds it"))]
)
@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_it_is_right_as_often_as_f32(digits: Path, engine: str, precision: Precision, tmp_path: Path) -> None:
    if lacking := lack(precision):
        pytest.skip(lacking)
    f32, other = (evaluated(digits, engine, each, tmp_path).comparable() for each in ("f32", precision))
    found = compare(f32, other)
    assert found.manifest_differences["precision"] == ("f32", precision)
    assert found.labelled == EVALUATED
    assert found.accuracy_a.interval is not None
    assert found.accuracy_b.value is not None
    assert found.interval is not None
    low, high = found.accuracy_a.interval
    assert 0.96 < low <= found.accuracy_b.value <= high
    assert found.interval[0] <= 0 <= found.interval[1]

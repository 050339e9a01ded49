"""Models of the store of the benchmarks: an int8 artifact is made when that is the precision."""

import builtins
from pathlib import Path
from typing import Any

import pytest
import typer

from models.store import ModelStore
from tests.bench import prepared as preparation
from tests.bench.prepared import all_prepared, photo_file, prepared
from tests.bench.small_model import NAME

DIGITS = "resnext_digits"


@pytest.fixture(autouse=True)
def int8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRECISION", "int8")
    monkeypatch.setattr(preparation, "CALIBRATION", 12)


def test_an_int8_artifact_is_made_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        prepared(DIGITS, tmp_path)
    artifact, _ = ModelStore(tmp_path).open(DIGITS).check_artifact("cpu", "int8")
    assert artifact.quantisation is not None
    assert artifact.quantisation.images == 10  # two are held out
    assert capsys.readouterr().err.count("Quantising") == 1


def test_the_small_network_has_none_and_nothing_is_measured_before(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        all_prepared(f"{DIGITS},{NAME}", tmp_path)
    assert capsys.readouterr().err.endswith("Leave it out: --models efficientnet_lite0\n")


def test_without_onnxruntime_it_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any) -> Any:
        if name.startswith("onnxruntime"):
            raise ImportError("No module named 'onnxruntime'")
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(typer.Exit):
        prepared(DIGITS, tmp_path)
    assert "-m pip install 'onnxruntime" in capsys.readouterr().err


def test_a_precision_that_the_processor_lacks_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparation, "lack", lambda precision: f"this one has no {precision}")
    with pytest.raises(typer.Exit):
        prepared(DIGITS, tmp_path)
    assert capsys.readouterr().err == "PRECISION=int8, but this one has no int8.\n"
    assert not list(tmp_path.iterdir())


def test_the_photo_is_as_large_as_one_of_imagenet() -> None:
    photo = photo_file()
    assert 90_000 < photo.stat().st_size < 110_000
    photo.unlink()
    photo.parent.rmdir()

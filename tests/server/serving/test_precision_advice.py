import logging
from pathlib import Path

import pytest

from server.cli.flags import load_settings
from server.serving.precision_advice import PrecisionAdvice, advice, candidates
from server.serving.service import Phase, Service
from server.serving.service_assembly import open_service
from tests.level_model import add_quantised_level, store_level_model

MEASURED = {"f32": 0.0095, "bf16": 0.0058, "int8": 0.004}


def test_the_line() -> None:
    line = advice("f32", MEASURED)
    assert line.startswith(
        "f32 takes 9.5 ms an image on one thread; measured on this machine: bf16 1.6 times as fast, int8 2.4 times as fast."
    )
    assert line.endswith("PRECISION=f32 keeps it and says no more.")
    assert advice("int8", MEASURED) == advice("f32", {"f32": 1.0}) == advice("f32", {}) == ""


def test_only_what_the_model_has_is_tried(tmp_path: Path) -> None:
    model = store_level_model(tmp_path)
    assert [precision for precision, _ in candidates(model)] == ["f32", "bf16"]
    assert list(candidates(add_quantised_level(model)))[2] == ("int8", model.folder / "level.int8.onnx")


def ready(folder: Path, **settings: str) -> Service:
    add_quantised_level(store_level_model(folder))
    service, _ = open_service(load_settings(model_store=folder, model="level", engines="stream", runtime="cpu", **settings))
    service.phase = Phase.READY
    return service


def test_it_measures_in_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """The level model gains nothing from int8 that would be worth a line, so every gain is worth one here."""
    monkeypatch.setattr("server.serving.precision_advice.WORTH", 0.0)
    monkeypatch.setattr("server.serving.precision_advice.TRIAL_S", 120.0)
    service = ready(tmp_path)
    begun = PrecisionAdvice(service, "cpu", calm_s=0)
    with caplog.at_level(logging.INFO):
        begun.begin()
        begun.thread.join()
    assert service.models.default.measured_s.keys() >= {"f32", "int8"}
    assert "level: f32 takes" in caplog.text
    assert "int8" in caplog.text


def test_a_request_ends_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    service = ready(tmp_path)
    service.models.default.admission.under_way = 1
    begun = PrecisionAdvice(service, "cpu", calm_s=0)
    with caplog.at_level(logging.INFO):
        begun.begin()
        begun.thread.join()
    assert " takes " not in caplog.text


def test_a_request_ends_the_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = ready(tmp_path)
    begun = PrecisionAdvice(service, "cpu", calm_s=0)
    monkeypatch.setattr(begun, "_calm", lambda _: False)  # from here on, as if one came
    assert begun._measured(service.models.default.model) == {}


@pytest.mark.parametrize(("runtime", "settings"), [("cpu", {"precision": "f32"}), ("ascend", {})])
def test_who_has_chosen_is_not_advised(tmp_path: Path, runtime: str, settings: dict[str, str]) -> None:
    begun = PrecisionAdvice(ready(tmp_path, **settings), runtime)  # type: ignore[arg-type]
    begun.begin()
    assert begun.thread.ident is None

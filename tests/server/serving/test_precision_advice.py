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
    section = advice("f32", MEASURED, in_section=True)
    assert section.endswith(' fast. precision in its section of MODELS_FILE chooses; precision = "f32" there keeps it and says no more.')
    assert advice("int8", MEASURED) == advice("f32", {"f32": 1.0}) == advice("f32", {}) == ""


def test_only_what_the_model_has_is_tried(tmp_path: Path) -> None:
    model = store_level_model(tmp_path)
    assert [precision for precision, _ in candidates(model)] == ["f32", "bf16"]
    assert list(candidates(add_quantised_level(model)))[2] == ("int8", model.folder / "level.int8.onnx")


def ready(folder: Path, section: str = "", **settings: str) -> Service:
    """`section`: the lines of the model's section in MODELS_FILE."""
    add_quantised_level(store_level_model(folder))
    if section:
        (folder / "models.toml").write_text(f"[level]\n{section}\n")
    wishes = {"model_store": folder, "engines": "stream", "runtime": "cpu", "models_file": folder / "models.toml" if section else None}
    service, _ = open_service(load_settings(**({"model": "level"} | wishes | settings)))
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


@pytest.mark.parametrize(
    ("section", "models", "where"),
    [
        ("", "level", ". PRECISION chooses; PRECISION=f32 keeps"),
        ("", "level,other", ". precision in its section of MODELS_FILE chooses"),
        ('decode = "reduced"', "level", '; precision = "f32" there keeps'),
    ],
)
def test_the_advice_says_where_the_setting_goes(
    tmp_path: Path, section: str, models: str, where: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """PRECISION=int8 would be of the other model as well, which has no such artifact."""
    store_level_model(tmp_path, "other")
    begun = PrecisionAdvice(ready(tmp_path, section, models=models), "cpu", calm_s=0)
    monkeypatch.setattr(begun, "_measured", lambda _model: MEASURED)
    with caplog.at_level(logging.INFO):
        begun.begin()
        begun.thread.join()
    assert "level: f32 takes 9.5 ms" in caplog.text
    assert where in caplog.text


def test_the_served_precision_counts_and_not_the_manifests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    service = ready(tmp_path, 'precision = "int8"')
    begun = PrecisionAdvice(service, "cpu", calm_s=0)
    monkeypatch.setattr(begun, "_measured", lambda _model: MEASURED)
    assert service.models.default.model.manifest.precision == "f32"
    with caplog.at_level(logging.INFO):
        begun._advise()
    assert service.models.default.measured_s == MEASURED
    assert " takes " not in caplog.text


@pytest.mark.parametrize("section", ['precision = "int8"', 'precision = "f32"', 'pipeline = "own.pipeline"', 'engines = "fake"'])
def test_a_section_that_has_chosen_is_not_advised(tmp_path: Path, section: str) -> None:
    (tmp_path / "own.pipeline").touch()
    begun = PrecisionAdvice(ready(tmp_path, section.replace("own", str(tmp_path / "own"))), "cpu")
    begun.begin()
    assert begun.thread.ident is None


def test_a_section_that_was_broken_since_the_start_is_not_advised(tmp_path: Path) -> None:
    service = ready(tmp_path, 'decode = "exact"')
    (tmp_path / "models.toml").write_text("[level")
    begun = PrecisionAdvice(service, "cpu")
    begun.begin()
    assert begun.thread.ident is None


@pytest.mark.parametrize(("runtime", "settings"), [("cpu", {"precision": "f32"}), ("ascend", {})])
def test_who_has_chosen_is_not_advised(tmp_path: Path, runtime: str, settings: dict[str, str]) -> None:
    begun = PrecisionAdvice(ready(tmp_path, **settings), runtime)  # type: ignore[arg-type]
    begun.begin()
    assert begun.thread.ident is None

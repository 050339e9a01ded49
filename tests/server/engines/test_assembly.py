"""From settings to engines."""

from importlib.util import find_spec
from pathlib import Path
from time import monotonic

import pytest

from models.store_writer import set_calibration
from server.cli.flags import load_settings
from server.engines.assembly import EngineAssembly, default_streams, engine_kinds
from server.engines.fleet.fleet import Fleet
from server.engines.process.engine_process import EngineProcess
from server.engines.stream_engine import StreamEngine
from server.engines.work import InferenceRequest
from server.errors import EngineUnavailable
from server.images.inspection import inspect_image
from server.telemetry.metrics import Metrics
from server.telemetry.model_metrics import ModelMetrics
from server.types import Runtime
from tests.level_model import REDUCED_CLASS, WHOLE_CLASS, comb, store_level_model
from tests.server.calibration.calibration_made import made_calibration

BUILT = find_spec("mxclassify") is not None


def assembled(folder: Path, **settings: object) -> Fleet:
    return EngineAssembly(
        load_settings(runtime="cpu", **settings), store_level_model(folder), "cpu", ModelMetrics(Metrics(), "level")
    ).fleet()


def test_without_the_compiled_engine_it_is_said(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("server.engines.assembly.find_spec", lambda _: None)
    with caplog.at_level("INFO"):
        assert engine_kinds(load_settings()) == ("stream",)
    assert "the fallback engine mxbase is not built" in caplog.text
    assert "make mxbase" in caplog.text


def test_the_engines_by_name() -> None:
    assert engine_kinds(load_settings()) == (("stream", "mxbase") if BUILT else ("stream",))
    assert engine_kinds(load_settings(pipeline=Path("my.pipeline"))) == ("stream",)
    assert engine_kinds(load_settings(engines="mxbase, stream")) == ("mxbase", "stream")


@pytest.mark.parametrize("engines", ["warp", "stream,stream", "stream,fake", "stream,"])
def test_engines_that_cannot_be(engines: str) -> None:
    with pytest.raises(EngineUnavailable, match=r"ENGINES|fake alone"):
        engine_kinds(load_settings(engines=engines))


def test_mxbase_runs_no_pipeline_of_ones_own() -> None:
    with pytest.raises(EngineUnavailable, match="hand-written"):
        engine_kinds(load_settings(engines="stream,mxbase", pipeline=Path("my.pipeline")))


@pytest.mark.parametrize("devices", ["a", "0,0", "0,", "-1", "1234"])
def test_devices_that_cannot_be(tmp_path: Path, devices: str) -> None:
    with pytest.raises(EngineUnavailable, match="not a list of chips"):
        assembled(tmp_path, engines="stream", devices=devices)


def kinds(fleet: Fleet) -> list[list[tuple[type, str]]]:
    return [[(type(member.engine), member.device) for member in tier] for tier in fleet.tiers]


def test_one_engine_in_this_process_is_a_member_alone(tmp_path: Path) -> None:
    assert kinds(assembled(tmp_path, engines="stream")) == [[(StreamEngine, "0")]]


def test_a_process_is_a_member_too(tmp_path: Path) -> None:
    assert kinds(assembled(tmp_path, engines="stream", engine_processes="yes")) == [[(EngineProcess, "0")]]


@pytest.mark.skipif(not BUILT, reason="make mxbase builds it")
def test_each_kind_is_a_tier_and_each_chip_a_member(tmp_path: Path) -> None:
    fleet = assembled(tmp_path, engines="stream,mxbase", devices="0,1,3")
    assert kinds(fleet) == [[(EngineProcess, device) for device in "013"]] * 2
    assert fleet.names == ("stream", "mxbase")
    assert [(status.name, status.device, status.up) for status in fleet.statuses()][2:4] == [("stream", "3", False), ("mxbase", "0", False)]


@pytest.mark.parametrize(
    ("runtime", "wanted", "streams"), [("cpu", "auto", 3), ("cpu", "no", 0), ("ascend", "auto", 0), ("ascend", "yes", 1)]
)
def test_streams_of_scores_where_they_cost_nothing_or_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: Runtime, wanted: str, streams: int
) -> None:
    asked: list[int] = []
    monkeypatch.setattr("server.engines.assembly.plan_rendered", lambda *_, scores_streams, **__: asked.append(scores_streams))
    monkeypatch.setattr("server.engines.assembly.chip_soc", lambda _: "Ascend310")
    settings = load_settings(engines="stream", devices="0", full_scores=wanted, streams_per_device=3)
    fleet = EngineAssembly(settings, store_level_model(tmp_path), runtime, ModelMetrics(Metrics(), "level")).fleet()
    with pytest.raises(AttributeError):  # there is no plan
        fleet.start()
    assert asked == [streams]


@pytest.mark.parametrize(("runtime", "wanted", "streams"), [("cpu", "no", 0), ("ascend", "auto", 1), ("ascend", "no", 0)])
def test_a_calibrated_model_has_streams_of_scores_on_a_chip_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: Runtime, wanted: str, streams: int
) -> None:
    asked: list[int] = []
    monkeypatch.setattr("server.engines.assembly.plan_rendered", lambda *_, scores_streams, **__: asked.append(scores_streams))
    monkeypatch.setattr("server.engines.assembly.chip_soc", lambda _: "Ascend310")
    stored = store_level_model(tmp_path)
    model = set_calibration(stored, made_calibration(stored))
    settings = load_settings(engines="stream", devices="0", full_scores=wanted, streams_per_device=3)
    assembly = EngineAssembly(settings, model, runtime, ModelMetrics(Metrics(), "level"))
    with pytest.raises(AttributeError):  # there is no plan
        assembly.fleet().start()
    assert asked == [streams]
    assert assembly.artifact == (model.manifest.artifacts[0] if runtime == "cpu" else None)


def test_streams_by_runtime() -> None:
    assert default_streams("ascend") == 2
    assert 2 <= default_streams("cpu") <= 8


def answered(fleet: Fleet, image: bytes) -> int:
    fleet.start()
    try:
        return fleet.submit(InferenceRequest(inspect_image(image, 10**6), "", monotonic() + 20)).result(20).scores[0].class_id
    finally:
        fleet.close(1)


@pytest.mark.parametrize("processes", ["no", "yes"])
@pytest.mark.parametrize("engine", ["stream", pytest.param("mxbase", marks=pytest.mark.skipif(not BUILT, reason="it is not built"))])
def test_every_engine_decodes_as_the_setting_says(tmp_path: Path, engine: str, processes: str) -> None:
    reduces = assembled(tmp_path, engines=engine, engine_processes=processes, decode="Reduced")
    assert answered(reduces, comb()) == REDUCED_CLASS
    if processes == "no":
        assert answered(assembled(tmp_path / "exact", engines=engine, engine_processes=processes), comb()) == WHOLE_CLASS


def test_on_a_chip_only_the_compiled_engine_can_decode_reduced(tmp_path: Path) -> None:
    model, metrics = store_level_model(tmp_path), ModelMetrics(Metrics(), "level")
    settings = load_settings(decode="reduced", engines="stream,mxbase", runtime="ascend", devices="0")
    with pytest.raises(EngineUnavailable, match=r"DECODE=reduced: the SDK's pipeline cannot .* Set DECODE=exact, or ENGINES=mxbase"):
        EngineAssembly(settings, model, "ascend", metrics).fleet()
    alone = settings.model_copy(update={"engines": "mxbase", "engine_processes": "yes"})
    assert kinds(EngineAssembly(alone, model, "ascend", metrics).fleet()) == [[(EngineProcess, "0")]]

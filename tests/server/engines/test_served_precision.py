"""The precision of the settings, of the manifest and of an OM, and what an engine then answers."""

from importlib.util import find_spec
from pathlib import Path
from time import monotonic

import pytest

from models.manifest import Artifact, ModelManifest
from models.model_errors import ModelNotPrepared
from models.store import ModelStore, StoredModel, zoo_manifest
from pipelines.cpu.processor import capabilities
from server.cli.flags import load_settings
from server.engines.assembly import EngineAssembly
from server.engines.served_precision import NOT_SAID, check_om_precision, choose_precision, told_precision
from server.engines.work import InferenceRequest
from server.errors import EngineUnavailable
from server.telemetry.metrics import Metrics
from server.telemetry.model_metrics import ModelMetrics
from server.types import EncodedImage, ImageFormat
from tests.level_model import add_quantised_level, level_png, store_level_model

MANIFEST = zoo_manifest("efficientnet_lite0")
METRICS = ModelMetrics(Metrics(), "level")
OM = Artifact(file="m.om", sha256="0" * 64, soc="Ascend310", precision="f16")
ODD = EncodedImage(level_png(9), ImageFormat.PNG, 48, 48)
ENGINES = [
    {"engines": "stream"},
    {"engines": "stream", "engine_processes": "yes"},
    pytest.param({"engines": "mxbase"}, marks=pytest.mark.skipif(find_spec("mxclassify") is None, reason="make mxbase builds it")),
]
needs_bf16 = pytest.mark.skipif("BF16" not in capabilities(), reason="the processor has no bfloat16")


def in_precision(word: str) -> ModelManifest:
    return MANIFEST.model_copy(update={"precision": word})


def test_the_settings_go_before_the_manifest() -> None:
    assert choose_precision(load_settings(), MANIFEST) == "f32"
    assert choose_precision(load_settings(), in_precision("int8")) == "int8"
    assert choose_precision(load_settings(precision="f32"), in_precision("int8")) == "f32"
    assert choose_precision(load_settings(pipeline=Path("my.pipeline")), in_precision("int8")) == "f32"


def test_a_hand_written_pipeline_names_its_file_itself() -> None:
    with pytest.raises(EngineUnavailable, match="names its file itself"):
        choose_precision(load_settings(pipeline=Path("my.pipeline"), precision="int8"), MANIFEST)


def test_a_processor_without_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.cpu.processor.capabilities", lambda: ("FP32", "INT8"))
    with pytest.raises(EngineUnavailable, match=r"^PRECISION=bf16, but .* has no .* bfloat16 \(it has FP32, INT8\).*PRECISION=f32"):
        choose_precision(load_settings(precision="bf16"), MANIFEST)
    with pytest.raises(EngineUnavailable, match=r"^The manifest of efficientnet_lite0 has precision = 'bf16', but"):
        choose_precision(load_settings(), in_precision("bf16"))


def test_a_hand_written_pipeline_on_a_chip_needs_no_om_of_the_model(tmp_path: Path) -> None:
    def told(**wishes: str) -> str:
        settings = load_settings(pipeline=tmp_path / "own.pipeline", engines="stream", runtime="ascend", **wishes)
        return EngineAssembly(
            settings, store_level_model(tmp_path / (wishes or {"precision": "none"})["precision"]), "ascend", METRICS
        ).told_precision

    assert told() == NOT_SAID
    with pytest.raises(EngineUnavailable, match=r"^PRECISION=f32, but the OM that the hand-written pipeline names"):
        told(precision="f32")


def test_an_om_has_its_own() -> None:
    check_om_precision(load_settings(), OM)
    with pytest.raises(EngineUnavailable, match=r"PRECISION=int8, but m.om computes in f16.*Leave out PRECISION"):
        check_om_precision(load_settings(precision="int8"), OM)
    unknown = OM.model_copy(update={"precision": None})
    with pytest.raises(EngineUnavailable, match="does not say in which precision"):
        check_om_precision(load_settings(precision="f32"), unknown)
    assert [told_precision("ascend", "f32", each) for each in (OM, unknown, None)] == ["f16", NOT_SAID, NOT_SAID]
    assert told_precision("cpu", "bf16", None) == "bf16"


def best_score(model: StoredModel, **settings: str) -> float:
    """Of a grey of level 9, which is not the level of a class."""
    assembly = EngineAssembly(load_settings(runtime="cpu", **settings), model, "cpu", ModelMetrics(Metrics(), "level"))
    assert assembly.told_precision == (settings.get("precision") or model.manifest.precision)
    fleet = assembly.fleet()
    fleet.start()
    try:
        return fleet.submit(InferenceRequest(ODD, "", monotonic() + 30)).result(30).scores[0].score
    finally:
        fleet.close(1)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_runs_the_artifact_of_the_precision(tmp_path: Path, engine: dict[str, str]) -> None:
    model = add_quantised_level(store_level_model(tmp_path))
    exact, rounded = (best_score(model, precision=precision, **engine) for precision in ("f32", "int8"))
    assert exact == pytest.approx(1 / (1 + 2.718281828**-8), abs=1e-7)
    assert rounded == pytest.approx(1, abs=1e-6)
    assert exact < rounded


@needs_bf16
@pytest.mark.parametrize("engine", ENGINES)
def test_bf16_is_another_answer_than_f32(model_store: ModelStore, engine: dict[str, str]) -> None:
    efficientnet = model_store.open("efficientnet_lite0")
    exact, coarse = (best_score(efficientnet, precision=precision, **engine) for precision in ("f32", "bf16"))
    assert exact != coarse
    assert coarse == pytest.approx(exact, abs=0.05)


@pytest.mark.parametrize("engine", ENGINES[:1])
def test_the_manifest_has_the_default(tmp_path: Path, engine: dict[str, str]) -> None:
    model = add_quantised_level(store_level_model(tmp_path))
    chosen = StoredModel(model.manifest.model_copy(update={"precision": "int8"}), model.folder)
    assert best_score(chosen, **engine) == best_score(model, precision="int8", **engine)


def test_int8_without_its_artifact_is_refused_with_a_command(tmp_path: Path) -> None:
    with pytest.raises(ModelNotPrepared, match=r"no artifact for cpu int8.*convert quantize level --images DIR"):
        best_score(store_level_model(tmp_path), precision="int8", engines="stream")

"""A plan for the stream engine: a rendered pipeline, or one that a person wrote."""

import json
from pathlib import Path
from typing import Any

import pytest

from models.model_errors import ModelNotPrepared
from models.store import StoredModel
from pipelines.classifier_config import ClassifierLimits
from pipelines.cpu.text.spec import parse_pipeline
from server.engines.plan import plan_classifier, plan_own, plan_rendered
from server.errors import EngineUnavailable
from tests.ascend_double.double import store_om_model
from tests.level_model import store_level_model
from tests.made_model import write_provenance


def test_a_rendered_plan(tmp_path: Path) -> None:
    model = store_level_model(tmp_path, batch_sizes=(1, 2, 4))
    plan = plan_rendered(model, "cpu", "", streams=3)
    specs = parse_pipeline(plan.text)
    assert plan.streams == tuple(spec.name for spec in specs) == ("classify0", "classify1", "classify2")
    assert (plan.depth, plan.score_type) == (6, "probability")
    config = Path(str(specs[0].elements["mxpi_classpostprocessor0"].props["postProcessConfigPath"]))
    assert config.read_text() == "CLASS_NUM=64\nSOFTMAX=true\nTOP_K=16\n"
    assert config.stat().st_mode & 0o777 == 0o640
    plan.close()
    assert not config.exists()


def test_on_ascend_the_names_of_streams_tell_the_chip(tmp_path: Path) -> None:
    plan = plan_rendered(store_om_model(tmp_path), "ascend", "Ascend310", streams=2, device=3, scores_streams=1)
    assert plan.full
    names = (*plan.streams, *(stream.name for stream in plan.full.streams))
    assert names == tuple(spec.name for spec in parse_pipeline(plan.text)) == ("chip3_classify0", "chip3_classify1", "chip3_scores0")
    plan.close()


def test_no_softmax_is_added_to_a_network_that_has_one(tmp_path: Path) -> None:
    model = store_om_model(tmp_path)
    gives = {"score_type": "probability", "declared": True}
    cpu, om = model.manifest.artifacts
    manifest = model.manifest.model_copy(update={"artifacts": (cpu, om.model_copy(update=gives))})
    write_provenance(model.folder / om.file, manifest, om.soc, om.batch_sizes, **gives)
    declared = StoredModel(manifest, model.folder)
    plan = plan_rendered(declared, "ascend", "Ascend310", streams=1, scores_streams=1)
    props = parse_pipeline(plan.text)[0].elements["mxpi_classpostprocessor0"].props
    assert Path(str(props["postProcessConfigPath"])).read_text() == "CLASS_NUM=64\nSOFTMAX=false\nTOP_K=16\n"
    assert (plan.score_type, plan.full and plan.full.softmax) == ("probability", False)
    plan.close()
    limits = ClassifierLimits(decoders=1, lanes=1, capacity=1)
    assert plan_classifier(declared, "ascend", "Ascend310", limits).config["softmax"] is False
    assert plan_classifier(declared, "cpu", "", limits).config["softmax"] is True
    assert plan_classifier(declared, "cpu", "", limits).config["decode"] == "exact"
    assert plan_classifier(declared, "cpu", "", limits, decode="reduced").config["decode"] == "reduced"


def test_a_missing_artifact_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelNotPrepared, match="no artifact for Ascend310"):
        plan_rendered(store_level_model(tmp_path), "ascend", "Ascend310", streams=1)


def own(tmp_path: Path, softmax: str = "false", **changes: Any) -> Path:
    """The rendered pipeline as a person's own file, with changes to its elements."""
    plan = plan_rendered(store_level_model(tmp_path / "store"), "cpu", "", streams=1)
    pipeline = json.loads(plan.text)
    plan.close()
    (tmp_path / "own.cfg").write_text(f"CLASS_NUM=64\nSOFTMAX={softmax}\nTOP_K=5\n")
    pipeline["classify0"]["mxpi_classpostprocessor0"]["props"]["postProcessConfigPath"] = str(tmp_path / "own.cfg")
    pipeline["classify0"] |= changes
    (tmp_path / "own.pipeline").write_text(json.dumps(pipeline))
    return tmp_path / "own.pipeline"


@pytest.mark.parametrize(("softmax", "score_type"), [("true", "probability"), ("false", "logit"), ("yes", "logit")])
def test_a_hand_written_pipeline_says_what_its_scores_are(tmp_path: Path, softmax: str, score_type: str) -> None:
    assert plan_own(own(tmp_path, softmax)).score_type == score_type


def test_a_hand_written_pipeline_that_cannot_be_driven_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="cannot be read"):
        plan_own(tmp_path / "none.pipeline")
    with pytest.raises(EngineUnavailable, match="unknown plugin 'mxpi_nonsense'"):
        plan_own(own(tmp_path, mxpi_imageresize0={"factory": "mxpi_nonsense"}))

from pathlib import Path
from typing import Any

from models.store import ModelStore, sha256_of
from models.store_writer import set_calibration
from server.cli.flags import load_settings
from server.evaluation.dataset.root_files import RootFiles
from server.evaluation.dataset.set_opening import open_labelled_set
from server.evaluation.jobs.evaluation_job import EvaluationRequest
from server.evaluation.run.run_description import describe_run
from server.evaluation.run.run_manifest import RunManifest
from server.serving.service_assembly import open_service
from tests.level_model import CLASSES, store_level_model
from tests.server.calibration.calibration_made import made_calibration
from tests.server.evaluation.level_sets import make_level_set


def test_what_a_run_depends_on(tmp_path: Path) -> None:
    model = store_level_model(tmp_path / "store", batch_sizes=(1, 2))
    made = make_level_set(tmp_path / "val", 20)
    own = tmp_path / "own.pipeline"
    own.write_text("{}")
    service, runtime = open_service(load_settings(model_store=tmp_path / "store", model="level", pipeline=own))
    labelled = open_labelled_set(RootFiles(made.folder), None, model.read_class_names())
    found = describe_run(service.models.default.served, runtime, labelled, EvaluationRequest(dataset="val", top_k=3))
    assert found.model_sha256 == sha256_of(tmp_path / "store" / "level" / "level.onnx")
    assert (found.labels_sha256, found.pipeline_sha256) == (model.manifest.labels_sha256, sha256_of(own))
    assert (found.listed, found.labelled, found.classes, found.top_k, found.gears) == (20, 20, CLASSES, 3, (1, 2))
    assert (found.engine, found.runtime, found.precision, found.list_sha256) == ("stream", "cpu", "f32", labelled.sha256)
    assert {"python", "openvino", "numpy"} <= found.versions.keys()
    assert set(found.machine) == {"architecture", "processor", "cores"}


def test_the_calibration_of_the_answers(tmp_path: Path) -> None:
    """One that is not applied is not told: the answers are not changed by it."""
    store_level_model(tmp_path / "store")
    made = make_level_set(tmp_path / "val", 20)

    def described(**changes: Any) -> RunManifest:
        model = ModelStore(tmp_path / "store").open("level")
        set_calibration(model, made_calibration(model, **changes))
        service, runtime = open_service(load_settings(model_store=tmp_path / "store", model="level"))
        labelled = open_labelled_set(RootFiles(made.folder), None, model.read_class_names())
        return describe_run(service.models.default.served, runtime, labelled, EvaluationRequest(dataset="val"))

    told = described().calibration
    assert told
    assert (told.temperature, told.evaluation, told.images, told.ece_before, told.ece_after) == (2.0, "made", 60, 0.1, 0.01)
    assert described(artifact_sha256="0" * 64).calibration is None

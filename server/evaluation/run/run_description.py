"""Describes a run: the hashes of its inputs, the engine and the machine."""

import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from models.manifest import CPU, Precision
from models.store import sha256_of
from pipelines.cpu.processor import processor_name
from server.evaluation.dataset.labelled_set import LabelledSet
from server.evaluation.jobs.evaluation_job import EvaluationRequest
from server.evaluation.run.run_manifest import RunManifest, ServedCalibration
from server.serving.served_model import ServedModel

PACKAGES = ("ascend-classify", "openvino", "opencv-python-headless", "numpy")


def describe_run(served: ServedModel, runtime: str, labelled: LabelledSet, request: EvaluationRequest) -> RunManifest:
    """The manifest of a run before its start."""
    manifest = served.model.manifest
    quantised: Precision = "int8" if served.precision == "int8" else "f32"
    artifact = manifest.artifact(CPU, quantised) if runtime == "cpu" else next((a for a in manifest.artifacts if a.soc != CPU), None)
    return RunManifest(
        model=manifest.name,
        model_version=manifest.version,
        model_sha256=artifact.sha256 if artifact else "",
        recipe_sha256=manifest.recipe.sha256,
        labels_sha256=manifest.labels_sha256,
        pipeline_sha256=sha256_of(served.pipeline) if served.pipeline else "",
        dataset=request.dataset,
        dataset_format=labelled.format,
        dataset_notes=labelled.notes,
        list_sha256=labelled.sha256,
        listed=len(labelled),
        labelled=labelled.labelled,
        classes=manifest.classes,
        groups=dict(labelled.groups),
        top_k=request.top_k,
        limit=request.limit,
        engine=",".join(served.engine.names),
        runtime=runtime,
        score_type=served.engine.score_type,
        precision=served.precision,
        decode=served.decode,
        gears=artifact.batch_sizes if artifact else (),
        declared=bool(artifact and artifact.declared),
        calibration=_calibration(served),
        versions={"python": platform.python_version(), **dict(_versions())},
        machine=describe_machine(),
    )


def describe_machine() -> dict[str, str]:
    """The machine of this process."""
    return {"architecture": platform.machine(), "processor": processor_name(), "cores": str(len(os.sched_getaffinity(0)))}


def _calibration(served: ServedModel) -> ServedCalibration | None:
    """What changes the scores of the answers; a calibration that is not applied does not."""
    fitted = served.model.manifest.calibration if served.calibrator else None
    return ServedCalibration.model_validate(fitted.model_dump(include=set(ServedCalibration.model_fields))) if fitted else None


def _versions() -> Iterator[tuple[str, str]]:
    for package in PACKAGES:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            continue

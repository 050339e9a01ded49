"""Describes a run: hashes of everything that goes in, what computes, and where."""

import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from models.store import sha256_of
from server.engines.fleet.status import engine_names
from server.evaluation.dataset.labelled_set import LabelledSet
from server.evaluation.jobs.evaluation_job import EvaluationRequest
from server.evaluation.run.run_manifest import RunManifest
from server.serving.service import Service

PACKAGES = ("ascend-classify", "openvino", "opencv-python-headless", "numpy")


def describe_run(service: Service, runtime: str, labelled: LabelledSet, request: EvaluationRequest) -> RunManifest:
    """The manifest of a run that has not begun."""
    manifest = service.model.manifest
    artifact = manifest.artifact("host") if runtime == "host" else next((a for a in manifest.artifacts if a.soc != "host"), None)
    return RunManifest(
        model=manifest.name,
        model_version=manifest.version,
        model_sha256=artifact.sha256 if artifact else "",
        recipe_sha256=manifest.recipe.sha256,
        labels_sha256=manifest.labels_sha256,
        pipeline_sha256=sha256_of(service.settings.pipeline) if service.settings.pipeline else "",
        dataset=request.dataset,
        dataset_format=labelled.format,
        dataset_notes=labelled.notes,
        list_sha256=labelled.sha256,
        listed=len(labelled),
        labelled=labelled.labelled,
        classes=manifest.classes,
        top_k=request.top_k,
        limit=request.limit,
        engine=",".join(engine_names(service.engine)),
        runtime=runtime,
        score_type=getattr(service.engine, "score_type", "probability"),
        precision="f32" if runtime == "host" else "as compiled by ATC",
        gears=artifact.batch_sizes if artifact else (),
        versions={"python": platform.python_version(), **dict(_versions())},
        machine={"architecture": platform.machine(), "processor": _processor(), "cores": str(len(os.sched_getaffinity(0)))},
    )


def _versions() -> Iterator[tuple[str, str]]:
    for package in PACKAGES:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            continue


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor() or "unknown")

"""The runs that `ascend-classify evaluate` keeps in EVALUATION_DIR, told as jobs that this server only reads."""

import json
import re
from collections.abc import Container
from datetime import datetime
from pathlib import Path
from typing import Any

from server.evaluation.evaluation_errors import EvaluationLost
from server.evaluation.jobs.evaluation_job import EvaluationRequest, Job, JobState
from server.evaluation.run.run_course import RunCourse
from server.evaluation.run.run_folder import MANIFEST, REPORT, RunFolder
from server.evaluation.run.run_manifest import RunManifest

MAX_LISTED = 200  # the newest; to read a report takes a few ms
_ID = re.compile("[0-9a-f]{16}")


class CommandLineRuns:
    """Those in one folder. A finished run does not change, so its report is read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._finished: dict[str, tuple[int, Job]] = {}

    def newest(self, jobs: Container[str]) -> list[Job]:
        """The newest of the folders that are not one of these jobs, in no order."""
        times = {}
        for manifest in self._folder.glob(f"*/{MANIFEST}"):
            if manifest.parent.name not in jobs:
                try:
                    times[manifest.parent.name] = manifest.stat().st_mtime_ns
                except OSError:  # it was removed meanwhile
                    continue
        newest = sorted(times, key=lambda name: -times[name])[:MAX_LISTED]
        return [job for name in newest if (job := self.find(name))]

    def find(self, run_id: str) -> Job | None:
        """The run of that id; nothing if there is none, or if its files are damaged."""
        if not _ID.fullmatch(run_id):
            return None
        try:
            return self._read(RunFolder(self._folder / run_id), run_id)
        except (EvaluationLost, OSError, ValueError, KeyError, TypeError):
            return None

    def _read(self, folder: RunFolder, run_id: str) -> Job:
        report = folder.path / REPORT
        if not report.exists():
            return _unfinished(run_id, folder)
        written_ns = report.stat().st_mtime_ns
        if (known := self._finished.get(run_id)) and known[0] == written_ns:
            return known[1]
        job = _finished(run_id, folder.manifest(), json.loads(report.read_bytes()))
        self._finished[run_id] = written_ns, job
        return job


def _unfinished(run_id: str, folder: RunFolder) -> Job:
    course = RunCourse(folder).look()
    changes = {"done": course.now.done, "labelled": course.now.labelled, "failed": course.failures, "top1": course.now.top1.value}
    return _job(run_id, folder.manifest(), JobState.UNFINISHED, changes)


def _finished(run_id: str, manifest: RunManifest, report: dict[str, Any]) -> Job:
    counts, shares = report["denominators"], list(report["accuracy"].values())
    changes = {
        "done": counts["attempted"],
        "labelled": counts["labelled"],
        "failed": sum(counts["failed"].values()),
        "images_per_s": report["throughput"]["images_per_s"],
        "top1": shares[0]["value"],
        "topk": shares[-1]["value"],
    }
    return _job(run_id, manifest, JobState.FINISHED, changes)


def _job(run_id: str, manifest: RunManifest, state: JobState, changes: dict[str, Any]) -> Job:
    started_s = datetime.fromisoformat(manifest.started_at).timestamp()
    request = EvaluationRequest(dataset=manifest.dataset, top_k=manifest.top_k, limit=manifest.limit, model=manifest.model)
    return Job(
        id=run_id,
        state=state,
        request=request,
        created_s=started_s,
        started_s=started_s,
        ended_s=datetime.fromisoformat(manifest.ended_at).timestamp() if manifest.ended_at else None,
        total=manifest.listed,
        by_command_line=True,
        **changes,
    )

"""An evaluation in this process, with the serving engine."""

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from pipelines.result_files import make_folder, result_path, write_result
from server.engines.fleet.fleet import Fleet
from server.evaluation.dataset.labelled_set import LabelledSet
from server.evaluation.dataset.root_files import RootFiles
from server.evaluation.dataset.set_opening import open_labelled_set
from server.evaluation.evaluation_errors import RunInvalid
from server.evaluation.jobs.evaluation_job import EvaluationRequest
from server.evaluation.report.report import Report
from server.evaluation.run.records import PredictionLog, Record, RecordLog
from server.evaluation.run.run_description import describe_run
from server.evaluation.run.run_folder import RunFolder
from server.evaluation.run.runner import Progress, Run
from server.evaluation.run.score_file import SCORES, ScoreFile
from server.serving.service_assembly import open_service, without_fallback
from server.settings import Settings

PLACES = 16  # enough to keep every stream busy

Tell = Callable[[Progress], None]


class Interrupted(Exception):
    """A person pressed Ctrl-C; the log holds all answers so far."""


@dataclass(frozen=True)
class LocalRun:
    """A finished one."""

    report: Report
    images: LabelledSet
    folder: RunFolder


def evaluate(
    settings: Settings,
    images: Path,
    labels: Path | None,
    request: EvaluationRequest,
    folder: RunFolder,
    tell: Tell,
    *,
    keep_scores: bool = False,
    result_files: bool = False,
) -> LocalRun:
    """Evaluate a folder, or continue the interrupted run in `folder`; raises ClassifyError, and Interrupted.

    With `result_files`, a list of which two images would have one result file is refused at once.
    A run that began to store all scores continues to do so.
    """
    service, runtime = open_service(without_fallback(settings))
    model = service.models.default
    class_names = model.model.read_class_names()
    labelled = open_labelled_set(
        RootFiles(images, follow_links=True), labels and labels.absolute(), class_names, limit=request.limit, label_map=request.map
    )
    if result_files:
        _check_result_names(labelled.names)
    wanted = keep_scores or (folder.path / SCORES).exists()
    scores = ScoreFile(folder.path, len(labelled), model.model.manifest.classes) if wanted else None
    model.engine.start()
    try:
        folder.begin(describe_run(model.served, runtime, labelled, request))
        with PredictionLog(folder.log) as log, scores or nullcontext(), until_interrupted() as stop:
            if scores:
                scores.open(goes_on=any(log.read()))
            run = prepare_run(settings, labelled, log, model.engine, request.top_k, lambda _: tell(run.progress), scores)
            tell(run.progress)
            if not run.run(stop):
                raise Interrupted
    finally:
        model.engine.close(drain_s=0)
    return LocalRun(folder.finish(class_names), labelled, folder)


def prepare_run(
    settings: Settings,
    labelled: LabelledSet,
    log: RecordLog,
    engine: Fleet,
    top_k: int,
    on_record: Callable[[Record], None] = lambda _: None,
    scores: ScoreFile | None = None,
) -> Run:
    """A run with the limits of the settings, which has the engine for itself."""
    return Run(
        labelled,
        log,
        engine,
        lambda: min(PLACES, settings.window),
        timeout_s=settings.timeout_ms / 1000,
        max_image_bytes=settings.max_body_bytes,
        max_image_pixels=settings.max_image_pixels,
        top_k=top_k,
        on_record=on_record,
        scores=scores,
    )


@contextmanager
def until_interrupted() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C or SIGTERM sets; a second one ends the process."""
    stop = threading.Event()
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        for number, handler in former.items():
            signal.signal(number, handler)

    for number in former:
        signal.signal(number, interrupt)
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def write_result_files(records: Iterator[Record], folder: Path, top_k: int) -> int:
    """Write the SDK samples' result file of each answered image, `<image>_1.txt`; returns the count. Raises RunInvalid for equal names."""
    make_folder(folder)
    seen: set[Path] = set()
    written = 0
    for record in records:
        path = _new_path(folder, record.name, seen)
        if record.ok:
            written += 1
            write_result(path, [class_id for class_id, _ in record.top[:top_k]])
        else:
            path.unlink(missing_ok=True)  # from an earlier run
    return written


def _check_result_names(names: Iterable[str]) -> None:
    seen: set[Path] = set()
    for name in names:
        _new_path(Path(), name, seen)


def _new_path(folder: Path, name: str, seen: set[Path]) -> Path:
    path = result_path(folder, Path(name))
    if path in seen:
        raise RunInvalid(f"{name} and another image have the same result file, {path.name}.", "Rename one of them.")
    seen.add(path)
    return path

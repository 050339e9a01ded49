"""Image files from the command line, through the engine that serves."""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from time import monotonic

from server.assembly import open_service
from server.engines.base import InferenceRequest
from server.errors import BadRequest, Saturated, ServiceError
from server.images import inspect_image
from server.service import Service
from server.settings import Settings
from server.transcode import upright
from server.types import Prediction

Outcome = tuple[Path, Prediction | ServiceError]


def classify_files(settings: Settings, paths: list[Path]) -> Iterator[Outcome]:
    """One outcome a file, in order; as many files are under way as the engine takes."""
    service, _ = open_service(settings)
    service.engine.start()
    waiting: list[tuple[Path, Future[Prediction] | ServiceError]] = []
    try:
        for path in paths:
            while (submitted := _submit(service, path)) is None:
                yield _outcome(*waiting.pop(0))
            waiting.append((path, submitted))
        for path, pending in waiting:
            yield _outcome(path, pending)
    finally:
        service.engine.close(drain_s=0)


def _submit(service: Service, path: Path) -> Future[Prediction] | ServiceError | None:
    """The future of a file's answer, the reason why there will be none, or None while the engine is full."""
    try:
        image = upright(inspect_image(path.read_bytes(), service.settings.max_image_pixels))
        return service.engine.submit(InferenceRequest(image, str(path), monotonic() + service.settings.timeout_ms / 1000))
    except Saturated:
        return None
    except ServiceError as error:
        return error
    except OSError as error:
        return BadRequest(f"The file cannot be read: {error.strerror}.")


def _outcome(path: Path, pending: Future[Prediction] | ServiceError) -> Outcome:
    if isinstance(pending, ServiceError):
        return path, pending
    try:
        return path, pending.result()
    except ServiceError as error:
        return path, error


def print_outcomes(outcomes: Iterator[Outcome], top_k: int, *, as_json: bool) -> int:
    """Print every outcome as it comes; the number of files that failed."""
    failed = 0
    for path, outcome in outcomes:
        failed += isinstance(outcome, ServiceError)
        sys.stdout.write(_json_line(path, outcome, top_k) if as_json else _text(path, outcome, top_k))
    return failed


def _json_line(path: Path, outcome: Prediction | ServiceError, top_k: int) -> str:
    line: dict[str, object] = {"image": str(path)}
    if isinstance(outcome, ServiceError):
        line |= {"error": str(outcome), "code": outcome.code}
    else:
        best = [{"class_id": s.class_id, "label": s.label, "score": s.score} for s in outcome.scores[:top_k]]
        line |= {"engine": outcome.engine, "score_type": outcome.score_type, "predictions": best}
    return json.dumps(line, ensure_ascii=False) + "\n"


def _text(path: Path, outcome: Prediction | ServiceError, top_k: int) -> str:
    if isinstance(outcome, ServiceError):
        return f"{path}\n  error: {outcome} [{outcome.code}]\n"
    rows = (f"  {score.score:8.4f}  {score.class_id:4d}  {score.label}" for score in outcome.scores[:top_k])
    return "\n".join((str(path), *rows)) + "\n"

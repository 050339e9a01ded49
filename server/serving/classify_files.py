"""Classifies image files for the command line, with the serving engine."""

import csv
import io
import json
import sys
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future
from pathlib import Path
from time import monotonic
from typing import Literal

from models.model_errors import ClassifyError
from models.store import StoredModel
from pipelines.result_files import result_path, write_result
from server.engines.work import InferenceRequest
from server.errors import Saturated, ServiceError
from server.images.file_errors import FileError, NoImages, SameResultFile
from server.images.files import read_image
from server.images.picture_files import is_picture_file, is_side_file
from server.serving.service import Service
from server.serving.service_assembly import open_service, without_fallback
from server.settings import Settings
from server.types import Prediction, Scores

Outcome = tuple[Path, Prediction | ClassifyError]
Form = Literal["text", "json", "csv"]

CSV_COLUMNS = ("image", "rank", "class_id", "label", "score", "error", "code")  # a row for each class, or one for a failure

_SHOWN = 5
_HINT = "Images are JPEG, PNG, WebP or BMP files; their bytes decide, not their endings."


def list_images(folder: Path) -> list[Path]:
    """The pictures of a folder, by name, without hidden ones; raises NoImages, or SameResultFile for two with the same result file."""
    if not folder.is_dir():
        raise NoImages(f"{folder} is not a folder.")
    images = sorted(path for path in folder.iterdir() if _is_image(path))
    if not images:
        raise NoImages(f"{folder} has no images.", _HINT)
    by_stem: dict[str, Path] = {}
    for image in images:
        if (other := by_stem.setdefault(image.stem, image)) is not image:
            raise SameResultFile(f"{other} and {image.name} have the same result file.", "Rename one of them.")
    return images


def find_images(places: Iterable[Path]) -> tuple[list[Path], list[Path]]:
    """The named files, and the pictures in and below the named folders, by name; and what is left out there. Raises NoImages.

    Hidden files, files that are not pictures, and links to folders, which may lead in a circle, are left out.
    """
    found: list[Path] = []
    left_out: list[Path] = []
    for place in places:
        found += sorted(_images_below(place, left_out)) if place.is_dir() else [place]
    if not found:
        raise NoImages("There are no images.", f"Name files, or folders of images. {_HINT}")
    return found, left_out


def tell_of(left_out: list[Path]) -> None:
    """Write to the error stream what `find_images` left out, if anything."""
    if left_out:
        shown = ", ".join(map(str, sorted(left_out)[:_SHOWN])) + (", …" if len(left_out) > _SHOWN else "")
        sys.stderr.write(f"{len(left_out)} hidden files, files that are not pictures, and links to folders are left out: {shown}\n")


def _images_below(folder: Path, left_out: list[Path]) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink() and not is_side_file(path.name):
            yield from _images_below(path, left_out)
        elif _is_image(path):
            yield path
        else:
            left_out.append(path)


def _is_image(path: Path) -> bool:
    """Whether it is a picture, or a link that was one: its target is gone, and to read it fails in its turn."""
    is_file = path.is_file() or (path.is_symlink() and not path.exists())
    return not is_side_file(path.name) and is_file and is_picture_file(path)


def classify_files(
    settings: Settings, paths: list[Path], model: StoredModel | None = None, scores: Scores = "top", *, calibrated: bool = False
) -> Generator[Outcome]:
    """One outcome per file, in order; the engine's capacity limits the files in progress. `model` replaces the settings' model.

    The scores are those of the engine, or with `calibrated` those that the server answers: a calibration is applied if there is one.
    """
    service, _ = open_service(without_fallback(settings), model)
    served = service.models.default.served
    engine = served.engine
    scores = served.scores if calibrated else scores
    engine.start()
    waiting: list[tuple[Path, Future[Prediction] | ClassifyError]] = []

    def outcome(path: Path, pending: Future[Prediction] | ClassifyError) -> Outcome:
        found = _outcome(pending)
        return path, served.calibrated(found) if calibrated and isinstance(found, Prediction) else found

    try:
        for path in paths:
            while (submitted := _submit(service, path, scores)) is None:
                yield outcome(*waiting.pop(0))
            waiting.append((path, submitted))
        for path, pending in waiting:
            yield outcome(path, pending)
    finally:
        engine.close(drain_s=0)


def _submit(service: Service, path: Path, scores: Scores) -> Future[Prediction] | ClassifyError | None:
    """The future of a file's answer, the error if there is none, or None while the engine is full."""
    try:
        image = read_image(path.read_bytes, service.settings.max_image_pixels)
        deadline_s = monotonic() + service.settings.timeout_ms / 1000
        return service.models.default.engine.submit(InferenceRequest(image, str(path), deadline_s, scores))
    except Saturated:
        return None
    except (ServiceError, FileError) as error:
        return error


def _outcome(pending: Future[Prediction] | ClassifyError) -> Prediction | ClassifyError:
    if isinstance(pending, ClassifyError):
        return pending
    try:
        return pending.result()
    except ServiceError as error:
        return error


def write_results(outcomes: Iterator[Outcome], folder: Path, top_k: int) -> Iterator[Outcome]:
    """Write a result file for each answered image, and pass the outcomes on; a failed image gets no result file."""
    for path, outcome in outcomes:
        if isinstance(outcome, ClassifyError):
            result_path(folder, path).unlink(missing_ok=True)  # from an earlier run
        else:
            write_result(result_path(folder, path), [score.class_id for score in outcome.scores[:top_k]])
        yield path, outcome


def print_outcomes(outcomes: Iterator[Outcome], top_k: int, form: Form = "text") -> int:
    """Print every outcome as it comes; returns the number of files that failed."""
    show = {"text": _text, "json": _json_line, "csv": _csv_rows}[form]
    if form == "csv":
        sys.stdout.write(_csv([CSV_COLUMNS]))
    failed = 0
    for path, outcome in outcomes:
        failed += isinstance(outcome, ClassifyError)
        sys.stdout.write(show(path, outcome, top_k))
        sys.stdout.flush()
    return failed


def _json_line(path: Path, outcome: Prediction | ClassifyError, top_k: int) -> str:
    line: dict[str, object] = {"image": str(path)}
    if isinstance(outcome, ClassifyError):
        line |= {"error": str(outcome), "code": outcome.code}
    else:
        best = [{"class_id": s.class_id, "label": s.label, "score": s.score} for s in outcome.scores[:top_k]]
        line |= {"engine": outcome.engine, "score_type": outcome.score_type, "predictions": best}
    return json.dumps(line, ensure_ascii=False) + "\n"


def _text(path: Path, outcome: Prediction | ClassifyError, top_k: int) -> str:
    if isinstance(outcome, ClassifyError):
        return f"{path}\n  error: {outcome} [{outcome.code}]\n"
    rows = (f"  {score.score:8.4f}  {score.class_id:4d}  {score.label}" for score in outcome.scores[:top_k])
    return "\n".join((str(path), *rows)) + "\n"


def _csv_rows(path: Path, outcome: Prediction | ClassifyError, top_k: int) -> str:
    if isinstance(outcome, ClassifyError):
        return _csv([(path, "", "", "", "", outcome, outcome.code)])
    return _csv((path, rank, s.class_id, s.label, s.score, "", "") for rank, s in enumerate(outcome.scores[:top_k], start=1))


def _csv(rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()

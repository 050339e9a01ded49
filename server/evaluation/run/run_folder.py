"""The folder of one run: its manifest, the log of predictions, and the report. Server and command line use the same format."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from errno import EISDIR
from pathlib import Path
from tempfile import TemporaryFile

from pydantic import ValidationError

from models.whole_file import whole_file
from server.evaluation.evaluation_errors import EvaluationLost, NotFinished, RunInvalid
from server.evaluation.report.report import Report, build_report
from server.evaluation.report.run_comparison import FinishedRun
from server.evaluation.run.records import PredictionLog
from server.evaluation.run.run_manifest import RunManifest, in_words
from server.evaluation.run.score_file import stored_scores
from server.words.language import Language

MANIFEST, LOG, REPORT, PAGES = "manifest.json", "predictions.jsonl", "report.json", "report*.html"


class RunFolder:
    """One run: running, interrupted or finished."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = path / LOG
        self._manifest = path / MANIFEST
        self._report = path / REPORT

    def begin(self, now: RunManifest) -> RunManifest:
        """The manifest of a new or resumed run; raises RunInvalid if its inputs have changed, EvaluationLost."""
        if not self._manifest.exists():
            manifest = now.model_copy(update={"started_at": _now()})
            try:
                self.path.mkdir(mode=0o750, parents=True, exist_ok=True)
            except OSError as error:
                raise EvaluationLost(
                    f"{self.path} cannot be created: {error.strerror}.", "Set EVALUATION_DIR to a writable folder."
                ) from error
            write_whole(self._manifest, manifest.model_dump_json(indent=2))
            return manifest
        former = self.manifest()
        if changed := former.differences(now):
            told = ", ".join(f"{name} was {in_words(was)} and is {in_words(is_)}" for name, (was, is_) in changed.items())
            raise RunInvalid(f"The evaluation cannot be resumed: {told[:1000]}.", "Start a new one.")
        return former

    def finish(self, class_names: Sequence[str]) -> Report:
        """Calculate the report from the log and store it; raises EvaluationLost."""
        manifest = self.manifest()
        if not manifest.ended_at:
            manifest = manifest.model_copy(update={"ended_at": _now()})
            write_whole(self._manifest, manifest.model_dump_json(indent=2))
        report = build_report(
            PredictionLog(self.log).read(), manifest, class_names, stored_scores(self.path, manifest.listed, manifest.classes)
        )
        write_whole(self._report, report.as_json())
        return report

    def manifest(self) -> RunManifest:
        """The manifest of the run; raises EvaluationLost."""
        return RunManifest.model_validate_json(_read(self._manifest))

    def report(self) -> Report:
        """The report of a finished run; raises NotFinished or EvaluationLost."""
        if not self._report.exists():
            raise NotFinished(
                f"The evaluation in {self.path.name} is not finished, so it has no report.", "Resume it, or wait for its end."
            )
        try:
            return Report.model_validate_json(_read(self._report))
        except ValidationError as error:
            raise EvaluationLost(f"{self._report} is damaged: {error.errors()[0]['msg']}.") from error

    def page(self, language: Language, drawn_by: str) -> Path:
        """Where the report is kept as a page of a language; one that something else drew is another file."""
        return self.path / f"report.{language}.{drawn_by}.html"

    def keep_page(self, language: Language, drawn_by: str, text: str) -> Path:
        """Store a page, and remove those that an older version drew; raises EvaluationLost."""
        page = self.page(language, drawn_by)
        write_whole(page, text)
        for other in self.path.glob(PAGES):
            if not other.name.endswith(f".{drawn_by}.html"):
                other.unlink(missing_ok=True)
        return page

    def comparable(self) -> FinishedRun:
        """The run for a comparison; raises NotFinished or EvaluationLost."""
        report = self.report()
        names = {row.class_id: row.name for row in report.per_class}
        return FinishedRun(report.manifest, PredictionLog(self.log).read(), self.path.name, names)


def find_run(name: str, runs: Path) -> RunFolder:
    """Find a run by its id in `runs`, its folder, or one of the folder's files; raises RunInvalid."""
    for path in (runs / name, Path(name), Path(name).parent):
        if (path / MANIFEST).is_file():
            return RunFolder(path)
    raise RunInvalid(f"{name!r} is not an evaluation.", f"Give an id from {runs}, or a run's folder, log or report.")


def check_writable(path: Path) -> None:
    """Raise EvaluationLost if `write_whole` could not write this file now."""
    try:
        if path.is_dir():
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        with TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise EvaluationLost(f"{path} cannot be written: {error.strerror}.", "Name a file in a folder that can be written.") from error


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a crash leaves the old one or the new one; raises EvaluationLost."""
    try:
        with whole_file(path) as unfinished:
            unfinished.write_text(text, "utf-8")
    except OSError as error:
        raise EvaluationLost(f"{path} cannot be written: {error.strerror}.", "Make sure that its disk has free space.") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EvaluationLost(f"{path} cannot be read: {error.strerror}.") from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

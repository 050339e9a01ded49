"""The accuracy of a folder of result files against a file of labels, calculated like the SDK's samples."""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.model_errors import ClassifyError
from models.text_file import decode_text, read_text, text_lines
from pipelines.pipeline_errors import ResultsInvalid
from pipelines.result_files import read_results

TOP_K = 5
USAGE = "usage: classification_task_metric.py RESULT_DIR LABELS OUT_DIR JSON_NAME, for example: result/ val_label.txt . result.json"
_CLASS_ID = re.compile("[0-9]{1,9}")
_SHOWN = 10  # names per message
_EXAMPLE = "For example: ILSVRC2012_val_00000001.JPEG 65"


@dataclass(frozen=True)
class TaskMetric:
    """`hits[i]` images had their class among the first i + 1 ids. All labelled images count, also those without a result."""

    images: int
    classes: int
    hits: tuple[int, ...]
    missing: tuple[str, ...] = ()
    unlabelled: tuple[str, ...] = ()

    def summary(self) -> dict[str, object]:
        """The summary of the samples; every value is a text."""
        rows = [("Number of images", str(self.images)), ("Number of classes", str(self.classes))]
        rows += [(f"Top{k} accuracy", f"{hits / self.images:.2%}") for k, hits in enumerate(self.hits, start=1)]
        return {"title": "Overall statistical evaluation", "value": [{"key": key, "value": value} for key, value in rows]}


def label_lines(text: str, path: Path) -> Iterator[tuple[int, str, str]]:
    """Line number, name and last word of every non-blank line of a file of labels; raises ResultsInvalid.

    Its message does not repeat the line: `path` may be a file that is not a list, and not for the reader's eyes.
    """
    for number, line in enumerate(text_lines(text), start=1):
        if not (words := line.rsplit(maxsplit=1)):
            continue
        if len(words) < 2:
            raise ResultsInvalid(f"{path}, line {number} is not a name and a class id.", _EXAMPLE)
        yield number, words[0].strip(), words[1]


def label_text(content: bytes, path: Path) -> str:
    """The text of what was read from a file of labels; raises ResultsInvalid."""
    try:
        return decode_text(content)
    except ValueError as error:
        raise ResultsInvalid(f"{path} cannot be read: {error}.") from error


def _text_of(path: Path) -> str:
    try:
        return read_text(path)
    except OSError as error:
        raise ResultsInvalid(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ResultsInvalid(f"{path} cannot be read: {error}.") from error


def read_labels(path: Path) -> dict[str, int]:
    """Class ids by image name, from lines with a name (with or without its ending) and an id; raises ResultsInvalid."""
    labels: dict[str, int] = {}
    for number, name, word in label_lines(_text_of(path), path):
        if not _CLASS_ID.fullmatch(word):
            raise ResultsInvalid(f"{path}, line {number}: {f'{name} {word}'[:80]!r} is not a name and a class id.", _EXAMPLE)
        if labels.setdefault(name, int(word)) != int(word):
            raise ResultsInvalid(f"{path}, line {number}: {name!r} has another class on an earlier line.")
    if not labels:
        raise ResultsInvalid(f"{path} holds no labels.")
    return labels


def measure(results: Mapping[str, Sequence[int]], labels: Mapping[str, int]) -> TaskMetric:
    """The accuracy for the first k ids, k up to the longest result and TOP_K; a missing result counts as wrong."""
    depth = min(TOP_K, max(map(len, results.values()), default=0))
    hits = [0] * depth
    missing: list[str] = []
    unlabelled = set(results)
    for name, class_id in labels.items():
        stem = name if name in results else Path(name).stem
        unlabelled.discard(stem)
        ids = results.get(stem)
        if ids is None:
            missing.append(name)
            continue
        for k in range(depth):
            hits[k] += class_id in ids[: k + 1]
    return TaskMetric(len(labels), len(set(labels.values())), tuple(hits), tuple(missing), tuple(sorted(unlabelled)))


def evaluate(result_folder: Path, labels: Path) -> TaskMetric:
    """Measure a folder against a file of labels; raises ResultsInvalid, also for a folder without results."""
    results = read_results(result_folder)
    if not results:
        raise ResultsInvalid(f"{result_folder} holds no results.", "The files are named <image>_1.txt; pipelines/run.sh writes them.")
    return measure(results, read_labels(labels))


def main(arguments: Sequence[str]) -> int:
    """The script: write the summary to OUT_DIR/JSON_NAME and missing results to standard error; returns the exit code."""
    if len(arguments) != 4:
        sys.stderr.write(f"{USAGE}\n")
        return 2
    result_folder, labels, out_folder, json_name = arguments
    try:
        metric = evaluate(Path(result_folder), Path(labels))
        (Path(out_folder) / json_name).write_text(json.dumps(metric.summary()) + "\n", "utf-8")
    except ClassifyError as error:
        sys.stderr.write(f"error: {error} [{error.code}]\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"error: {error.filename} cannot be written: {error.strerror}.\n")
        return 1
    _tell(metric.missing, f"of {metric.images} images have no result and count as wrong")
    _tell(metric.unlabelled, "results have no label and do not count")
    return 0


def _tell(names: Sequence[str], what: str) -> None:
    if names:
        shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
        sys.stderr.write(f"warning: {len(names)} {what}: {shown}\n")

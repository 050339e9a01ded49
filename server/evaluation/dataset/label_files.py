"""Files of labels: lines of a name and a label, as in the SDK's samples, tables with columns (CSV, TSV), JSON, and lists without names."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from models.text_file import text_lines
from pipelines.pipeline_errors import ResultsInvalid
from pipelines.task_metric import label_lines, label_text
from server.evaluation.dataset.label_json import read_json_labels
from server.evaluation.dataset.validation_order import is_without_names, read_validation_order
from server.evaluation.evaluation_errors import DatasetInvalid
from server.images.picture_files import PICTURE_SUFFIXES

NAME_COLUMNS = (
    "name", "filename", "file_name", "file", "image", "image_name", "image_id", "imageid", "image_path", "image_file", "img", "img_name",
    "img_path", "path", "filepath", "filepaths", "file_path",
)  # fmt: skip
LABEL_COLUMNS = (
    "label",
    "class",
    "class_id",
    "classid",
    "class_name",
    "class_index",
    "labels",
    "category",
    "category_id",
    "target",
    "synset",
    "wnid",
    "y",
    "predictionstring",
)

MAX_LIST_BYTES, MAX_LINES = 64 * 1024 * 1024, 1_500_000
"""The list of ImageNet-1k's training images has 45 MB and 1,281,167 lines. A line takes some 500 bytes of memory."""
MAX_JSON_BYTES = 16 * 1024 * 1024
"""Of JSON that is parsed as a whole: a byte of it can take twenty of memory."""
MAX_LINE_BYTES = 128 * 1024
_SPLIT = "Split the list, and evaluate its parts."

_JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
_TABLE_SUFFIXES = (".csv", ".tsv")
_BOXES = "predictionstring"  # of LOC_val_solution.csv
_DELIMITERS = "\t,;"
_EXCELS_LINE = re.compile("sep=([,;\t|])", re.IGNORECASE)


class LabelLine(NamedTuple):
    """An image's name and label, unchanged; the label may be empty."""

    line: int
    name: str
    label: str


class LabelFile(NamedTuple):
    """The lines of a file of labels, and its format."""

    format: str
    lines: list[LabelLine]


def read_label_file(content: bytes, path: Path) -> LabelFile:
    """The lines of a file of labels in UTF-8 with any line ends; raises DatasetInvalid, which names `path`, for an invalid one.

    What it costs is bounded before it is taken apart: its bytes, its lines, and the longest of them.
    """
    _require_bounded(content, path)
    try:
        text = label_text(content, path)
        if path.suffix.casefold() in _JSON_SUFFIXES:
            found = LabelFile("JSON", [LabelLine(*entry) for entry in read_json_labels(path, text, NAME_COLUMNS, LABEL_COLUMNS)])
        elif is_without_names(lines := text_lines(text)):
            found = LabelFile(
                "validation set of ImageNet in its order", [LabelLine(*entry) for entry in read_validation_order(path, lines)]
            )
        elif delimiter := _delimiter(path, text):
            found = LabelFile("table of names and labels", list(_rows(path, text, delimiter)))
        else:
            found = LabelFile("list of names and labels", [LabelLine(*words) for words in label_lines(text, path)])
    except ResultsInvalid as error:
        raise DatasetInvalid(error.message, error.remedy) from error
    if not found.lines:
        raise DatasetInvalid(f"{path} holds no labels.", "A line is a name and a label: ILSVRC2012_val_00000001.JPEG 65")
    return found


def _require_bounded(content: bytes, path: Path) -> None:
    whole = path.suffix.casefold() == ".json"
    most_bytes = MAX_JSON_BYTES if whole else MAX_LIST_BYTES
    if len(content) > most_bytes:
        raise DatasetInvalid(f"{path} has {len(content)} bytes, more than the {most_bytes} allowed.", _SPLIT)
    if max(content.count(end) for end in (b"\n", b"\r")) > MAX_LINES:
        raise DatasetInvalid(f"{path} has more than {MAX_LINES} lines.", _SPLIT)
    at = 0
    while not whole and at + MAX_LINE_BYTES < len(content):
        end = max(content.rfind(mark, at, at + MAX_LINE_BYTES) for mark in (b"\n", b"\r"))
        if end < 0:
            raise DatasetInvalid(f"{path} has a line of more than {MAX_LINE_BYTES} bytes (byte {at}).", "A line is a name and a label.")
        at = end + 1


def _delimiter(path: Path, text: str) -> str:
    """The delimiter of a table; empty for a list. The names in a list may hold commas, so the first line gets further checks."""
    first = next((line for line in text_lines(text) if line.strip()), "")
    if told := _EXCELS_LINE.fullmatch(first.strip()):
        return told[1]
    for delimiter in _DELIMITERS:
        name = first.partition(delimiter)[0].strip().strip('"').casefold()
        if delimiter in first and (path.suffix.lower() in _TABLE_SUFFIXES or name in NAME_COLUMNS or name.endswith(PICTURE_SUFFIXES)):
            return delimiter
    return "," if path.suffix.lower() in _TABLE_SUFFIXES else ""


def _rows(path: Path, text: str, delimiter: str) -> Iterator[LabelLine]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    columns: tuple[int, int] | None = None
    boxes = False
    try:
        for row in rows:
            cells = [cell.strip() for cell in row]
            if not any(cells) or (columns is None and _is_remark(delimiter.join(cells))):
                continue
            if columns is None:
                columns = _columns(path, cells)
                if columns:
                    boxes = cells[columns[1]].casefold() == _BOXES
                    continue
                columns = 0, 1
            name, label = (cells[place] if place < len(cells) else "" for place in columns)
            label = _class_of_boxes(path, rows.line_num, label) if boxes else label
            if not name:
                raise DatasetInvalid(f"{path}, line {rows.line_num}: the name is missing.", "A line is a name and a label.")
            yield LabelLine(rows.line_num, name, label)
    except csv.Error as error:
        raise DatasetInvalid(f"{path}, line {rows.line_num}: {error}.", "The file is read as a table with columns.") from error


def _is_remark(line: str) -> bool:
    """Whether a line above the table belongs to a tool or a person: `sep=;` of Excel, or a comment."""
    return bool(_EXCELS_LINE.match(line)) or (line.startswith("#") and not any(ending in line.casefold() for ending in PICTURE_SUFFIXES))


def _class_of_boxes(path: Path, line: int, text: str) -> str:
    """The one class of `n01751748 111 108 230 230 n01751748 …`, a class and four sides for each box."""
    classes = set(text.split()[::5])
    if len(classes) > 1:
        raise DatasetInvalid(f"{path}, line {line}: the image has boxes of several classes.", "Give each image one label.")
    return next(iter(classes), "")


def _columns(path: Path, cells: list[str]) -> tuple[int, int] | None:
    """The positions of name and label if these cells are a header."""
    header = [cell.casefold().replace(" ", "_") for cell in cells]
    names = [place for place, cell in enumerate(header) if cell in NAME_COLUMNS]
    labels = [place for place, cell in enumerate(header) if cell in LABEL_COLUMNS]
    names = names or [place for place, cell in enumerate(header) if cell == "id" and labels]  # as in Kaggle's tables
    if not names and not labels:
        return None
    if not names or not labels:
        raise DatasetInvalid(f"{path} has only the columns {', '.join(cells)[:200]}.", "Name two of them name and label.")
    return names[0], labels[0]

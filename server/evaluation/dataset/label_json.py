"""Labels in JSON: `{name: label}` as `python -m models.training labels` writes it, or objects with columns, one a line or in a list."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from server.evaluation.evaluation_errors import DatasetInvalid

Entry = tuple[int, str, str]  # the number of the line or of the entry, from 1; the name; the label

_EXAMPLE = 'Write {"cat.jpg": 281}, or {"file_name": "cat.jpg", "label": 281} on each line.'


class _Pairs(NamedTuple):
    """An object of JSON, also with keys that come twice."""

    pairs: list[tuple[str, Any]]


def read_json_labels(path: Path, text: str, names: tuple[str, ...], labels: tuple[str, ...]) -> Iterator[Entry]:
    """The entries of `.json`, or of `.jsonl` with an object on each line; `names` and `labels` are the known columns.

    Raises DatasetInvalid for what is not a name with one label.
    """
    if path.suffix.casefold() != ".json":
        lines = ((number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip())
        yield from (_object(path, number, _parsed(path, line, number), names, labels) for number, line in lines)
        return
    content = _parsed(path, text, 1)
    if isinstance(content, _Pairs):
        yield from (_entry(path, number, name, label) for number, (name, label) in enumerate(content.pairs, start=1))
    elif isinstance(content, list):
        yield from (_object(path, number, entry, names, labels) for number, entry in enumerate(content, start=1))
    else:
        raise DatasetInvalid(f"{path} is JSON, but not an object or a list.", _EXAMPLE)


def _parsed(path: Path, text: str, line: int) -> object:
    try:
        return json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as error:
        told = f"{error.msg} in line {line + error.lineno - 1}" if isinstance(error, json.JSONDecodeError) else str(error)
        raise DatasetInvalid(f"{path} is not JSON: {told}.", _EXAMPLE) from error


def _object(path: Path, number: int, entry: object, names: tuple[str, ...], labels: tuple[str, ...]) -> Entry:
    columns = {key.casefold(): value for key, value in entry.pairs} if isinstance(entry, _Pairs) else {}
    name = next((columns[key] for key in names if key in columns), None)
    label = next((key for key in labels if key in columns), None)
    if not isinstance(name, str) or not name or label is None:
        held = ", ".join(columns)[:200] or "no columns"
        raise DatasetInvalid(f"{path}, entry {number} is not a name with a label: it has {held}.", _EXAMPLE)
    return _entry(path, number, name, columns[label])


def _entry(path: Path, number: int, name: str, label: object) -> Entry:
    written = _label(path, number, label)
    try:
        (name + written).encode()
    except UnicodeEncodeError:  # JSON may escape half a surrogate pair
        told = f"{name[:80]!r} with the label {written[:80]!r} cannot be written in UTF-8"
        raise DatasetInvalid(f"{path}, entry {number}: {told}.", "Rename the image or the class, in UTF-8.") from None
    return number, name, written


def _label(path: Path, number: int, label: object) -> str:
    if isinstance(label, bool) or not isinstance(label, str | int | None):
        shown = f"an object of {', '.join(key for key, _ in label.pairs)[:80]}" if isinstance(label, _Pairs) else repr(str(label)[:80])
        raise DatasetInvalid(f"{path}, entry {number}: {shown} is not one label.", _EXAMPLE)
    return "" if label is None else str(label)

"""The result files of the SDK's samples: `<stem>_1.txt` for each image, with its class ids, best first."""

import re
from collections.abc import Sequence
from pathlib import Path

from models.whole_file import whole_file
from pipelines.pipeline_errors import ResultsInvalid

_RESULT = re.compile(r"(?P<stem>.+)_[0-9]+\.txt")
_MAX_RESULT_BYTES = 64 * 1024
_MAX_ID_DIGITS = 9


def make_folder(folder: Path) -> None:
    """Make a folder for results if it does not exist; raises ResultsInvalid."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResultsInvalid(f"The folder {folder} cannot be created: {error.strerror}.") from error


def result_path(folder: Path, image: Path) -> Path:
    """The path of the result of an image."""
    return folder / f"{image.stem}_1.txt"


def write_result(path: Path, class_ids: Sequence[int]) -> None:
    """Write the ids like the samples, each followed by a blank. A failure leaves no partial file. Raises ResultsInvalid."""
    try:
        with whole_file(path, mode=None, durable=False) as part:  # thousands a run, and soon made again
            part.write_text("".join(f"{class_id} " for class_id in class_ids) + "\n", "ascii")
    except OSError as error:
        raise ResultsInvalid(f"{path} cannot be written: {error.strerror}.") from error


def read_results(folder: Path) -> dict[str, list[int]]:
    """The class ids by the image's stem; raises ResultsInvalid if the folder does not exist or a file has no ids."""
    if not folder.is_dir():
        raise ResultsInvalid(f"{folder} is not a folder of results.")
    results: dict[str, list[int]] = {}
    for path in sorted(folder.iterdir()):
        if match := _RESULT.fullmatch(path.name):
            results.setdefault(match["stem"], _read_result(path))  # _1 before _2
    return results


def _read_result(path: Path) -> list[int]:
    try:
        with path.open("rb") as file:
            words = file.readline(_MAX_RESULT_BYTES).split()
    except OSError as error:
        raise ResultsInvalid(f"{path} cannot be read: {error.strerror}.") from error
    for word in words:
        if not word.isdigit() or len(word) > _MAX_ID_DIGITS:
            raise ResultsInvalid(f"{path} holds {word[:20]!r}, which is not a class id.", "A result file is one line: ids, best first.")
    return [int(word) for word in words]

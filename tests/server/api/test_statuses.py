"""The one table of statuses is complete, and holds nothing more."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from models.model_errors import ClassifyError, ManifestInvalid
from server.api.statuses import ANSWERED, STATUSES, status_of
from server.errors import BadRequest, EngineLost, InternalError, NotFound, Saturated, ServiceError
from server.evaluation.evaluation_errors import (
    DatasetInvalid,
    EvaluationError,
    EvaluationLost,
    EvaluationNotFound,
    EvaluationsFull,
    RunError,
    RunInvalid,
)
from server.images.file_errors import FileError
from server.parity.parity_errors import ParityError

SERVER = Path(__file__).parents[3] / "server"


def leaves(root: type[ClassifyError]) -> Iterator[type[ClassifyError]]:
    """Every class below `root`."""
    for child in root.__subclasses__():
        yield child
        yield from leaves(child)


def test_every_error_a_client_can_meet_has_a_row() -> None:
    clients = {*leaves(ServiceError), *leaves(EvaluationError)} - {RunError, *leaves(RunError)}
    assert sorted(kind.__name__ for kind in clients if not issubclass(kind, ANSWERED)) == []


@pytest.mark.parametrize("root", [RunError, FileError, ParityError])
def test_what_only_the_command_line_meets_has_none(root: type[ClassifyError]) -> None:
    assert not [kind for kind in (root, *leaves(root)) if issubclass(kind, ANSWERED)]


@pytest.mark.parametrize("kind", STATUSES, ids=lambda kind: kind.__name__)
def test_no_row_is_dead(kind: type[ClassifyError]) -> None:
    """Every class of the table, or one below it, is made somewhere."""
    names = "|".join(each.__name__ for each in (kind, *leaves(kind)))
    made = re.compile(rf"(?<!class )\b({names})\(")
    elsewhere = (path for path in SERVER.rglob("*.py") if path.name != "statuses.py")
    assert any(made.search(path.read_text("utf-8")) for path in elsewhere)


def test_a_code_has_one_status() -> None:
    by_code = {kind.code: status for kind, status in STATUSES.items()}
    assert [kind.__name__ for kind, status in STATUSES.items() if by_code[kind.code] != status] == []


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadRequest, 400),
        (DatasetInvalid, 400),
        (NotFound, 404),
        (EvaluationNotFound, 404),
        (Saturated("Full."), 429),
        (EvaluationsFull("Full."), 429),
        (EvaluationLost, 500),
        (InternalError("A fault."), 500),
        (EngineLost("Gone."), 503),  # as the class above it
        (RunInvalid, 500),
        (ManifestInvalid("Odd."), 500),
        (ClassifyError, 500),
    ],
)
def test_the_nearest_class_with_a_row_decides(error: ClassifyError | type[ClassifyError], status: int) -> None:
    assert status_of(error) is HTTPStatus(status)

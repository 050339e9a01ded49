from collections.abc import Iterator

from server.evaluation import evaluation_errors
from server.evaluation.evaluation_errors import EvaluationError


def kinds(root: type[EvaluationError]) -> Iterator[type[EvaluationError]]:
    for kind in root.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_the_tree_is_as_drawn() -> None:
    found = {kind.__name__: kind.code for kind in kinds(EvaluationError)}
    assert found == {
        "DatasetInvalid": "bad_request",
        "DatasetNotFound": "not_found",
        "DatasetForbidden": "forbidden",
        "ArchiveTooLarge": "body_too_large",
        "EvaluationsFull": "saturated",
        "EvaluationNotFound": "not_found",
        "NotFinished": "not_finished",
        "EvaluationLost": "evaluation_lost",
        "CalibrationRefused": "calibration_refused",
        "PageUnavailable": "not_found",
        "RunError": "error",
        "RunBusy": "bad_request",
        "RunInvalid": "bad_request",
        "ServerRefused": "server_refused",
    }
    assert all(f"─ {name} " in (evaluation_errors.__doc__ or "") for name in found)

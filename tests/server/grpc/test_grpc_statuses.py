"""Every error that a client can meet has a gRPC status, too."""

from grpc import StatusCode

from server.api.statuses import STATUSES
from server.errors import DeadlineExceeded, EngineUnavailable, NotFound, ReloadRefused, Saturated, Unauthorized, UndecodableImage
from server.grpc.grpc_statuses import CODES, code_of


def test_the_table_has_every_status_and_no_other() -> None:
    assert set(CODES) == set(STATUSES.values())


def test_what_clients_tell_apart() -> None:
    assert [code_of(error("x")) for error in (Saturated, DeadlineExceeded, EngineUnavailable, NotFound)] == [
        StatusCode.RESOURCE_EXHAUSTED,
        StatusCode.DEADLINE_EXCEEDED,
        StatusCode.UNAVAILABLE,
        StatusCode.NOT_FOUND,
    ]
    assert [code_of(error("x")) for error in (Unauthorized, ReloadRefused, UndecodableImage)] == [
        StatusCode.UNAUTHENTICATED,
        StatusCode.FAILED_PRECONDITION,
        StatusCode.INVALID_ARGUMENT,
    ]

"""The HTTP status of every error that a client can get. Only this module connects errors and statuses."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from models.model_errors import ClassifyError
from server.errors import (
    BadRequest,
    BodyTooLarge,
    DeadlineExceeded,
    EngineFailed,
    EngineUnavailable,
    Forbidden,
    HeadersTooLarge,
    ImageTooLarge,
    InternalError,
    MethodNotAllowed,
    NotCalibrated,
    NotFound,
    ReloadRefused,
    RequestTimeout,
    Saturated,
    TooManyConnections,
    Unauthorized,
    UndecodableImage,
    UnsupportedCoding,
    UnsupportedImage,
    UriTooLong,
)
from server.evaluation.evaluation_errors import (
    ArchiveTooLarge,
    DatasetForbidden,
    DatasetInvalid,
    DatasetNotFound,
    EvaluationLost,
    EvaluationNotFound,
    EvaluationsFull,
    NotFinished,
    PageUnavailable,
)

STATUSES: Mapping[type[ClassifyError], HTTPStatus] = MappingProxyType(
    {
        BadRequest: HTTPStatus.BAD_REQUEST,
        DatasetInvalid: HTTPStatus.BAD_REQUEST,
        Unauthorized: HTTPStatus.UNAUTHORIZED,
        Forbidden: HTTPStatus.FORBIDDEN,
        DatasetForbidden: HTTPStatus.FORBIDDEN,
        NotFound: HTTPStatus.NOT_FOUND,
        DatasetNotFound: HTTPStatus.NOT_FOUND,
        EvaluationNotFound: HTTPStatus.NOT_FOUND,
        PageUnavailable: HTTPStatus.NOT_FOUND,
        MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
        RequestTimeout: HTTPStatus.REQUEST_TIMEOUT,
        NotFinished: HTTPStatus.CONFLICT,
        NotCalibrated: HTTPStatus.CONFLICT,
        ReloadRefused: HTTPStatus.CONFLICT,
        BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        ArchiveTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        ImageTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        UriTooLong: HTTPStatus.REQUEST_URI_TOO_LONG,
        UnsupportedImage: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        UnsupportedCoding: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        UndecodableImage: HTTPStatus.UNPROCESSABLE_ENTITY,
        Saturated: HTTPStatus.TOO_MANY_REQUESTS,
        EvaluationsFull: HTTPStatus.TOO_MANY_REQUESTS,
        HeadersTooLarge: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        EngineFailed: HTTPStatus.INTERNAL_SERVER_ERROR,
        EvaluationLost: HTTPStatus.INTERNAL_SERVER_ERROR,
        InternalError: HTTPStatus.INTERNAL_SERVER_ERROR,
        EngineUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
        TooManyConnections: HTTPStatus.SERVICE_UNAVAILABLE,
        DeadlineExceeded: HTTPStatus.GATEWAY_TIMEOUT,
    }
)

ANSWERED: tuple[type[ClassifyError], ...] = tuple(STATUSES)
"""The errors whose own message the client gets; another error is an internal fault, and its details are only in the log."""


def status_of(error: ClassifyError | type[ClassifyError]) -> HTTPStatus:
    """The status of an error or its class, or of the nearest class above it; if none has one, the status of InternalError."""
    kind = error if isinstance(error, type) else type(error)
    return next((STATUSES[above] for above in kind.__mro__ if above in STATUSES), STATUSES[InternalError])

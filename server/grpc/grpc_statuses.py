"""The gRPC status of every error, by its HTTP status: one error, one meaning, whatever carries it."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from grpc import StatusCode

from models.model_errors import ClassifyError
from server.api.statuses import status_of

CODES: Mapping[HTTPStatus, StatusCode] = MappingProxyType(
    {
        HTTPStatus.BAD_REQUEST: StatusCode.INVALID_ARGUMENT,
        HTTPStatus.UNAUTHORIZED: StatusCode.UNAUTHENTICATED,
        HTTPStatus.FORBIDDEN: StatusCode.PERMISSION_DENIED,
        HTTPStatus.NOT_FOUND: StatusCode.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED: StatusCode.UNIMPLEMENTED,
        HTTPStatus.REQUEST_TIMEOUT: StatusCode.DEADLINE_EXCEEDED,
        HTTPStatus.CONFLICT: StatusCode.FAILED_PRECONDITION,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: StatusCode.INVALID_ARGUMENT,
        HTTPStatus.REQUEST_URI_TOO_LONG: StatusCode.INVALID_ARGUMENT,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE: StatusCode.INVALID_ARGUMENT,
        HTTPStatus.UNPROCESSABLE_ENTITY: StatusCode.INVALID_ARGUMENT,
        HTTPStatus.TOO_MANY_REQUESTS: StatusCode.RESOURCE_EXHAUSTED,
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: StatusCode.INVALID_ARGUMENT,
        HTTPStatus.INTERNAL_SERVER_ERROR: StatusCode.INTERNAL,
        HTTPStatus.SERVICE_UNAVAILABLE: StatusCode.UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT: StatusCode.DEADLINE_EXCEEDED,
    }
)


def code_of(error: ClassifyError) -> StatusCode:
    """The gRPC status of an error."""
    return CODES[status_of(error)]

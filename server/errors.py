"""The errors a client can meet, each with its HTTP status and code.

ServiceError
├─ BadRequest             400   the request is malformed
├─ Unauthorized           401   the API key is missing or wrong
├─ NotFound               404   no such route or thing
├─ MethodNotAllowed       405   the route exists, not for this method
├─ BodyTooLarge           413   more bytes than max_body_bytes
├─ ImageTooLarge          413   more pixels than max_image_pixels
├─ UnsupportedImage       415   not a JPEG, PNG, WebP or BMP
├─ UndecodableImage       422   an image, but truncated or damaged
├─ Saturated              429   the admission window is full
├─ EngineFailed           500   the engine took the image and did not answer it
├─ InternalError          500   a fault of ours; the log has its id
├─ EngineUnavailable      503   the engine cannot start, is not ready yet, or is down
└─ DeadlineExceeded       504   no answer within timeout_ms
"""

from http import HTTPStatus
from typing import ClassVar

from models.errors import ClassifyError


class ServiceError(ClassifyError):
    """Anything the service answers with an error status."""

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR


class BadRequest(ServiceError):
    """The request is malformed."""

    status, code = HTTPStatus.BAD_REQUEST, "bad_request"


class Unauthorized(ServiceError):
    """The API key is missing or wrong."""

    status, code = HTTPStatus.UNAUTHORIZED, "unauthorized"


class NotFound(ServiceError):
    """No such route or thing."""

    status, code = HTTPStatus.NOT_FOUND, "not_found"


class MethodNotAllowed(ServiceError):
    """The route exists, but not for this method."""

    status, code = HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed"


class BodyTooLarge(ServiceError):
    """The body has more bytes than `max_body_bytes`."""

    status, code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large"


class ImageTooLarge(ServiceError):
    """The image has more pixels than `max_image_pixels`; told from its header, nothing was decoded."""

    status, code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "image_too_large"


class UnsupportedImage(ServiceError):
    """The bytes are not a JPEG, PNG, WebP or BMP image."""

    status, code = HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_image"


class UndecodableImage(ServiceError):
    """An accepted type of image, but truncated or damaged."""

    status, code = HTTPStatus.UNPROCESSABLE_ENTITY, "undecodable_image"


class Saturated(ServiceError):
    """The admission window is full; the client may try again after a moment."""

    status, code = HTTPStatus.TOO_MANY_REQUESTS, "saturated"


class EngineFailed(ServiceError):
    """The engine took the image and did not answer it."""

    code = "engine_failed"


class InternalError(ServiceError):
    """A fault of ours; the message holds the id under which the log tells more."""

    code = "internal_error"


class EngineUnavailable(ServiceError):
    """The engine cannot start, is not ready yet, or is down."""

    status, code = HTTPStatus.SERVICE_UNAVAILABLE, "engine_unavailable"


class DeadlineExceeded(ServiceError):
    """No answer within the request's time."""

    status, code = HTTPStatus.GATEWAY_TIMEOUT, "deadline_exceeded"

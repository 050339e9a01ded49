"""The errors a client can meet, each with its HTTP status and code.

ServiceError
├─ BadRequest             400   the request is malformed
├─ Unauthorized           401   the API key is missing or wrong
├─ Forbidden              403   not for this client: outside the allowed folders, or not without a key
├─ NotFound               404   no such route or thing
├─ MethodNotAllowed       405   the route exists, not for this method
├─ RequestTimeout         408   the client takes too long to send its request
├─ NotFinished            409   the evaluation has no report yet
├─ ReloadRefused          409   the new model cannot be served, or not now; the old one goes on
├─ BodyTooLarge           413   more bytes than max_body_bytes
├─ ImageTooLarge          413   more pixels than max_image_pixels
├─ UriTooLong             414   the URL is too long
├─ UnsupportedImage       415   not a JPEG, PNG, WebP or BMP
├─ UndecodableImage       422   an image, but truncated or damaged
├─ Saturated              429   as many images, or bytes of bodies, are under way as are taken
├─ HeadersTooLarge        431   too many headers, or too many bytes of them
├─ EngineFailed           500   the engine took the image and did not answer it
├─ EvaluationLost         500   an evaluation cannot be kept: its disk is full, its files are damaged
├─ InternalError          500   a fault of ours; the log has its id
├─ EngineUnavailable      503   the engine cannot start, is not ready yet, or is down
│  ├─ EngineLost          503   the engine that worked on the image is gone, or hangs
│  └─ StreamFull         503   the stream is full
├─ TooManyConnections     503   max_connections are open
└─ DeadlineExceeded       504   no answer within timeout_ms
"""

from http import HTTPStatus
from typing import ClassVar

from models.model_errors import ClassifyError


class ServiceError(ClassifyError):
    """Anything the service answers with an error status."""

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR


class BadRequest(ServiceError):
    """The request is malformed."""

    status, code = HTTPStatus.BAD_REQUEST, "bad_request"


class Unauthorized(ServiceError):
    """The API key is missing or wrong."""

    status, code = HTTPStatus.UNAUTHORIZED, "unauthorized"


class Forbidden(ServiceError):
    """Not for this client: outside the allowed folders, or not without an API key."""

    status, code = HTTPStatus.FORBIDDEN, "forbidden"


class NotFound(ServiceError):
    """No such route or thing."""

    status, code = HTTPStatus.NOT_FOUND, "not_found"


class MethodNotAllowed(ServiceError):
    """The route exists, but not for this method."""

    status, code = HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed"


class RequestTimeout(ServiceError):
    """The client takes too long to send its request."""

    status, code = HTTPStatus.REQUEST_TIMEOUT, "request_timeout"


class NotFinished(ServiceError):
    """The evaluation has no report yet."""

    status, code = HTTPStatus.CONFLICT, "not_finished"


class ReloadRefused(ServiceError):
    """Another version of the model is not served: it cannot be, or not now. The one that is served goes on."""

    status, code = HTTPStatus.CONFLICT, "reload_refused"


class BodyTooLarge(ServiceError):
    """The body has more bytes than `max_body_bytes`."""

    status, code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large"


class ImageTooLarge(ServiceError):
    """The image has more pixels than `max_image_pixels`; told from its header, nothing was decoded."""

    status, code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "image_too_large"


class UriTooLong(ServiceError):
    """The URL is too long."""

    status, code = HTTPStatus.REQUEST_URI_TOO_LONG, "uri_too_long"


class UnsupportedImage(ServiceError):
    """The bytes are not a JPEG, PNG, WebP or BMP image."""

    status, code = HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_image"


class UndecodableImage(ServiceError):
    """An accepted type of image, but truncated or damaged."""

    status, code = HTTPStatus.UNPROCESSABLE_ENTITY, "undecodable_image"


class Saturated(ServiceError):
    """As many images, or bytes of bodies, are under way as this server takes; the client may try again after a moment."""

    status, code = HTTPStatus.TOO_MANY_REQUESTS, "saturated"


class HeadersTooLarge(ServiceError):
    """The request has too many headers, or too many bytes of them."""

    status, code = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large"


class EngineFailed(ServiceError):
    """The engine took the image and did not answer it."""

    code = "engine_failed"


class EvaluationLost(ServiceError):
    """An evaluation cannot be kept: its disk is full, or its files are damaged."""

    code = "evaluation_lost"


class InternalError(ServiceError):
    """A fault of ours; the message holds the id under which the log tells more."""

    code = "internal_error"


class EngineUnavailable(ServiceError):
    """The engine cannot start, is not ready yet, or is down."""

    status, code = HTTPStatus.SERVICE_UNAVAILABLE, "engine_unavailable"


class EngineLost(EngineUnavailable):
    """The process that worked on the image is gone, perhaps because of it."""


class StreamFull(EngineUnavailable):
    """A stream did not take the image, since it is full: no fault of anybody."""


class TooManyConnections(ServiceError):
    """As many connections are open as this server takes."""

    status, code = HTTPStatus.SERVICE_UNAVAILABLE, "too_many_connections"


class DeadlineExceeded(ServiceError):
    """No answer within the request's time."""

    status, code = HTTPStatus.GATEWAY_TIMEOUT, "deadline_exceeded"

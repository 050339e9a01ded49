"""The errors of serving, a branch of the tree in models/model_errors.py. Their HTTP statuses are in server/api/statuses.py.

ServiceError              a request, an image or an engine that fails
├─ BadRequest             the request is malformed
│  └─ ScoresUnavailable   the engine does not give the scores of all classes
├─ Unauthorized           the API key is missing or wrong
├─ Forbidden              not for this client: outside the allowed folders, or not without a key
├─ NotFound               no such route or thing
├─ MethodNotAllowed       the route exists, not for this method
├─ RequestTimeout         the client takes too long to send its request
├─ ReloadRefused          the new model cannot be served, or not now; the old one goes on
├─ BodyTooLarge           more bytes than max_body_bytes
├─ ImageTooLarge          more pixels than max_image_pixels
├─ UriTooLong             the URL is too long
├─ UnsupportedImage       not a JPEG, PNG, WebP or BMP
├─ UndecodableImage       an image, but truncated or damaged
├─ Saturated              as many images, or bytes of bodies, are under way as are taken
├─ HeadersTooLarge        too many headers, or too many bytes of them
├─ EngineFailed           the engine took the image and did not answer it
├─ InternalError          a fault of ours; the log has its id
├─ EngineUnavailable      the engine cannot start, is not ready yet, or is down
│  ├─ EngineLost          the engine that worked on the image is gone, or hangs
│  └─ StreamFull          the stream is full, which is nobody's fault
├─ TooManyConnections     max_connections are open
└─ DeadlineExceeded       no answer within timeout_ms
"""

from models.model_errors import ClassifyError


class ServiceError(ClassifyError):
    """A request, an image or an engine that fails."""


class BadRequest(ServiceError):
    """The request is malformed."""

    code = "bad_request"


class ScoresUnavailable(BadRequest):
    """The engine does not give the scores of all classes. It would say so to every image."""


class Unauthorized(ServiceError):
    """The API key is missing or wrong."""

    code = "unauthorized"


class Forbidden(ServiceError):
    """Not for this client: outside the allowed folders, or not without an API key."""

    code = "forbidden"


class NotFound(ServiceError):
    """No such route or thing."""

    code = "not_found"


class MethodNotAllowed(ServiceError):
    """The route exists, but not for this method."""

    code = "method_not_allowed"


class RequestTimeout(ServiceError):
    """The client takes too long to send its request."""

    code = "request_timeout"


class ReloadRefused(ServiceError):
    """Another version of the model is not served: it cannot be, or not now. The one that is served goes on."""

    code = "reload_refused"


class BodyTooLarge(ServiceError):
    """The body has more bytes than `max_body_bytes`."""

    code = "body_too_large"


class ImageTooLarge(ServiceError):
    """The image has more pixels than `max_image_pixels`; told from its header, nothing was decoded."""

    code = "image_too_large"


class UriTooLong(ServiceError):
    """The URL is too long."""

    code = "uri_too_long"


class UnsupportedImage(ServiceError):
    """The bytes are not a JPEG, PNG, WebP or BMP image."""

    code = "unsupported_image"


class UndecodableImage(ServiceError):
    """An accepted type of image, but truncated or damaged."""

    code = "undecodable_image"


class Saturated(ServiceError):
    """As many images, or bytes of bodies, are under way as this server takes; the client may try again after a moment."""

    code = "saturated"


class HeadersTooLarge(ServiceError):
    """The request has too many headers, or too many bytes of them."""

    code = "headers_too_large"


class EngineFailed(ServiceError):
    """The engine took the image and did not answer it."""

    code = "engine_failed"


class InternalError(ServiceError):
    """A fault of ours; the message holds the id under which the log tells more."""

    code = "internal_error"


class EngineUnavailable(ServiceError):
    """The engine cannot start, is not ready yet, or is down."""

    code = "engine_unavailable"


class EngineLost(EngineUnavailable):
    """The process that worked on the image is gone, perhaps because of it."""


class StreamFull(EngineUnavailable):
    """A stream did not take the image, since it is full: no fault of anybody."""


class TooManyConnections(ServiceError):
    """As many connections are open as this server takes."""

    code = "too_many_connections"


class DeadlineExceeded(ServiceError):
    """No answer within the request's time."""

    code = "deadline_exceeded"

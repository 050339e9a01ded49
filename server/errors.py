"""The errors of serving, a branch of the tree in models/model_errors.py. Their HTTP statuses are in server/api/statuses.py.

ServiceError              a request, an image or an engine that fails
├─ BadRequest             the request is malformed
│  └─ ScoresUnavailable   the engine does not give the scores of all classes
├─ Unauthorized           the API key is missing or wrong
├─ Forbidden              not allowed for this client: outside the allowed folders, or without a key
├─ NotFound               the route or thing does not exist
├─ MethodNotAllowed       the route exists, but not for this method
├─ RequestTimeout         the client takes too long to send its request
├─ NotCalibrated          a coverage is asked for, and the model is not calibrated
├─ ReloadRefused          a model cannot be loaded, reloaded or unloaded, or not now; what is served stays
├─ BodyTooLarge           more bytes than max_body_bytes
├─ ImageTooLarge          more pixels than max_image_pixels
├─ UriTooLong             the URL is too long
├─ UnsupportedImage       not a JPEG, PNG, WebP or BMP
├─ UnsupportedCoding      packed in a way that is not taken
├─ UndecodableImage       the image is truncated or damaged
├─ Saturated              the limit of images, of body bytes in progress, or of bytes on the disk is reached
├─ HeadersTooLarge        too many headers, or too many bytes of them
├─ EngineFailed           the engine took the image but did not answer it
├─ InternalError          a fault of the server; the log has its id
├─ EngineUnavailable      the engine cannot start, is not ready yet, or is down
│  ├─ EngineLost          the engine that worked on the image is gone, or hangs
│  └─ StreamFull          the stream is full, which is not a fault
├─ TooManyConnections     the limit max_connections is reached
└─ DeadlineExceeded       no answer within timeout_ms
"""

from models.model_errors import ClassifyError


class ServiceError(ClassifyError):
    """A request, an image or an engine that fails."""


class BadRequest(ServiceError):
    """The request is malformed.

    Correct the request as the message says. A request without an image, one with an option twice or out of its bounds, and HTTP that is
    malformed get this.
    """

    code = "bad_request"


class ScoresUnavailable(BadRequest):
    """The engine does not give the scores of all classes. It would say so to every image.

    Ask for the best classes only, or serve with FULL_SCORES=yes; a pipeline of your own needs a stream called scores0.
    """


class Unauthorized(ServiceError):
    """The API key is missing or wrong.

    Send the key as X-Api-Key or as Authorization: Bearer.
    """

    code = "unauthorized"


class Forbidden(ServiceError):
    """Not for this client: outside the allowed folders, or not without an API key.

    Name a data set inside EVALUATION_ROOTS. Set an API key, or INSECURE=true, if other machines should use /evaluate and /admin.
    """

    code = "forbidden"


class NotFound(ServiceError):
    """No such route or thing.

    Look the route up: GET /docs lists them.
    """

    code = "not_found"


class MethodNotAllowed(ServiceError):
    """The route exists, but not for this method.

    Use one of the methods in the Allow header of the answer.
    """

    code = "method_not_allowed"


class RequestTimeout(ServiceError):
    """The client takes too long to send its request.

    Send the headers and the body faster; CLIENT_TIMEOUT_S bounds the headers, and after it a body must have brought 8 KiB a second.
    """

    code = "request_timeout"


class ReloadRefused(ServiceError):
    """A model is not loaded, reloaded or unloaded: it cannot be, or not now. What is served goes on.

    Correct the new model as the message says, or wait until the evaluation or the other load is over, and try again.
    """

    code = "reload_refused"


class NotCalibrated(ServiceError):
    """A coverage is asked for, and no calibration of the served model applies.

    On the server's host run the commands of the message, and reload the model: they evaluate a labelled set and calibrate on it.
    Without `coverage` the request is answered.
    """

    code = "not_calibrated"


class BodyTooLarge(ServiceError):
    """The body has more bytes than `max_body_bytes`.

    Send a smaller file, or fewer images at once; or raise MAX_BODY_BYTES.
    """

    code = "body_too_large"


class ImageTooLarge(ServiceError):
    """The image has more pixels than `max_image_pixels`, or would after the resize, or takes too long to decode. Nothing was decoded.

    Make the image smaller before it is sent, or raise MAX_IMAGE_PIXELS. A side may have 65,500 pixels. Where the model keeps the ratio,
    a long and narrow picture becomes much larger.
    Save a JPEG of many scans as a plain one.
    """

    code = "image_too_large"


class UriTooLong(ServiceError):
    """The URL is too long.

    Send the options in the body. A URL may have 8 KiB.
    """

    code = "uri_too_long"


class UnsupportedImage(ServiceError):
    """The bytes are not a JPEG, PNG, WebP or BMP image.

    Run the line of the message, which converts it. GIF, TIFF, SVG, PDF, raw files of cameras, JPEG XL, animated WebP, and lossless or
    12-bit JPEG are among the refused; HEIC and AVIF, too, unless the server has the extra `heif`.
    """

    code = "unsupported_image"


class UnsupportedCoding(ServiceError):
    """The body, or a part of its form, is packed in a way that is not taken.

    Send it without Content-Encoding, or with gzip or deflate; a part of a form without Content-Transfer-Encoding.
    """

    code = "unsupported_coding"


class UndecodableImage(ServiceError):
    """An accepted type of image, but truncated or damaged.

    Send the file whole, or save it anew: it is cut off, its checksum is wrong, or its coded pixels are damaged.
    """

    code = "undecodable_image"


class Saturated(ServiceError):
    """As many images, or bytes of bodies, are under way as this server takes; the client may try again after a moment.

    Try again after the seconds of Retry-After. If it happens often: more chips or hosts; WINDOW and BODY_BUDGET_BYTES are the bounds.
    For an upload that does not fit on the disk: remove evaluations that are over, or raise EVALUATION_DISK_BYTES.
    """

    code = "saturated"


class HeadersTooLarge(ServiceError):
    """The request has too many headers, or too many bytes of them.

    Send at most 100 headers, and at most 32 KiB of them.
    """

    code = "headers_too_large"


class EngineFailed(ServiceError):
    """The engine took the image and did not answer it.

    Send the image again, once. If it fails again, the log of the server and GET /info say more of the engine.
    """

    code = "engine_failed"


class InternalError(ServiceError):
    """A fault of ours; the message holds the id under which the log tells more.

    Search the log of the server for the id of the request, and report what stands there.
    """

    code = "internal_error"


class EngineUnavailable(ServiceError):
    """The engine cannot start, is not ready yet, or is down.

    Wait until GET /health/ready says 200. If it does not, GET /info gives the reason, and `ascend-classify doctor` the remedy.
    """

    code = "engine_unavailable"


class EngineLost(EngineUnavailable):
    """The process that worked on the image is gone, perhaps because of it.

    Send the image again. The engine is started again by itself; if images are lost often, the log says why it ended.
    """


class StreamFull(EngineUnavailable):
    """A stream did not take the image, since it is full: no fault of anybody.

    Send the image again. A client meets this only when every engine stays full until the time of the request is over.
    """


class TooManyConnections(ServiceError):
    """As many connections are open as this server takes.

    Keep connections and use them again, or raise MAX_CONNECTIONS.
    """

    code = "too_many_connections"


class DeadlineExceeded(ServiceError):
    """No answer within the request's time.

    Ask for more time (timeout_ms), raise TIMEOUT_MS, or send less at once.
    """

    code = "deadline_exceeded"

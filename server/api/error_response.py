"""The common body of all errors."""

from starlette.responses import JSONResponse

from models.model_errors import ClassifyError
from models.printable import printable
from server.api.content_coding import CODINGS
from server.api.server_paths import without_folders
from server.api.statuses import status_of
from server.errors import MethodNotAllowed, NotFound, Unauthorized, UnsupportedCoding

AGAIN = (429, 503)
OF_ADDRESSES = (NotFound, MethodNotAllowed)
"""Errors that quote the path of the request."""


def error_response(error: ClassifyError, request_id: str) -> JSONResponse:
    """The answer to a request that ends with an error."""
    status = status_of(error)
    headers = {"Retry-After": "1"} if status in AGAIN else {}
    if status == status_of(Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, UnsupportedCoding):
        headers["Accept-Encoding"] = ", ".join(CODINGS)  # RFC 9110, 15.5.16
    body = {"error": told(error), "code": error.code, "request_id": request_id}
    return JSONResponse(body, int(status), headers)


def told(error: ClassifyError) -> str:
    """What a client is told of an error, on one line that can be sent: all, but no folder of the server."""
    return printable(str(error) if isinstance(error, OF_ADDRESSES) else without_folders(str(error)))

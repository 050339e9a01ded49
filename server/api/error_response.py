"""The common body of all errors."""

from starlette.responses import JSONResponse

from models.model_errors import ClassifyError
from server.api.statuses import status_of
from server.errors import Unauthorized

AGAIN = (429, 503)


def error_response(error: ClassifyError, request_id: str) -> JSONResponse:
    """The answer to a request that ends with an error."""
    status = status_of(error)
    headers = {"Retry-After": "1"} if status in AGAIN else {}
    if status == status_of(Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
    body = {"error": str(error), "code": error.code, "request_id": request_id}
    return JSONResponse(body, int(status), headers)

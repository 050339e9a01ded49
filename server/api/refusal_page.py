"""What stands in the place of a page that there is none of: the reason, in the language of the person who asked."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from models.model_errors import ClassifyError
from server.api.error_response import error_response, told
from server.api.pages import page, prefers_html
from server.api.sign_in import sign_in_page
from server.errors import Unauthorized


def refusal(scope: Scope, headers: Mapping[bytes, bytes], error: ClassifyError, request_id: str) -> Response:
    """The answer to a request that ends with an error: a page to a browser that asked for one, or else JSON."""
    if scope["method"] != "GET" or not prefers_html(headers.get(b"accept", b"").decode("latin-1")):
        return error_response(error, request_id)
    return sign_in_page(scope) if isinstance(error, Unauthorized) else _page(Request(scope), error, request_id)


def _page(request: Request, error: ClassifyError, request_id: str) -> Response:
    plain = error_response(error, request_id)
    reply = page(
        request,
        "refusal",
        status=plain.status_code,
        refused=plain.status_code,
        message=told(error),
        code=error.code,
        request_id=request_id,
    )
    reply.headers["Cache-Control"] = "no-store"
    if again := plain.headers.get("Retry-After"):
        reply.headers["Retry-After"] = again
    return reply

"""Signing in and out on a page. Without a script too: the form is a form, and the answer a redirect."""

from http import HTTPStatus
from urllib.parse import parse_qs

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from server.api.api_keys import ApiKeys
from server.api.pages import back_to, page, place_of, prefers_html
from server.api.sessions import COOKIE, LASTS_S, check_origin
from server.api.statuses import status_of
from server.errors import BodyTooLarge, Unauthorized

_FORM_BYTES = 4096


def sign_in_routes(keys: ApiKeys) -> APIRouter:
    """GET and POST /sign-in, POST /sign-out."""
    router = APIRouter(include_in_schema=False)

    @router.get("/sign-in")
    async def form(request: Request) -> Response:
        return _form(request, request.query_params.get("next", ""), HTTPStatus.OK)

    @router.post("/sign-in")
    async def sign_in(request: Request) -> Response:
        check_origin(dict(request.scope["headers"]))  # or another site could have a person work with a key of its own
        form = parse_qs((await _body(request)).decode("latin-1"))
        key, place = form.get("key", [""])[0], form.get("next", [""])[0]
        name = keys.named(key.encode())
        in_browser = prefers_html(request.headers.get("accept", ""))
        if keys and not name:
            if in_browser:
                return _form(request, place, status_of(Unauthorized), wrong=True)
            raise Unauthorized("The API key is wrong.", "Ask those who run the server.")
        reply = RedirectResponse(back_to(place), 303) if in_browser else Response(status_code=204)
        if name:
            _set(request, reply, keys.sessions.begin(name), LASTS_S)
        return reply

    @router.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        check_origin(dict(request.scope["headers"]))
        reply = RedirectResponse("./", 303)
        _set(request, reply, "", 0)
        return reply

    return router


def sign_in_page(scope: Scope) -> Response:
    """The page in the place of what needs a key; who signs in comes back to it."""
    return _form(Request(scope), place_of(scope), status_of(Unauthorized))


def _form(request: Request, place: str, status: HTTPStatus, *, wrong: bool = False) -> Response:
    reply = page(request, "sign_in", status=status, next=place, wrong=wrong)
    reply.headers["Cache-Control"] = "no-store"
    if status is status_of(Unauthorized):
        reply.headers["WWW-Authenticate"] = "Bearer"
    return reply


def _set(request: Request, reply: Response, value: str, lasts_s: int) -> None:
    """Set the cookie for all that lies beside this address, as the browser sees it: a proxy may have added a path."""
    reply.set_cookie(
        COOKIE, value, max_age=lasts_s, path=None, secure=request.scope.get("scheme") == "https", httponly=True, samesite="strict"
    )


async def _body(request: Request) -> bytes:
    """The form; raises BodyTooLarge."""
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > _FORM_BYTES:
            raise BodyTooLarge(f"The form has more than {_FORM_BYTES} bytes.", "Send only key and next.")
    return bytes(found)

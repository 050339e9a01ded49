"""The HTTP client of all commands for a running server: httpx, with this project's key, time limits and errors."""

import ssl
from collections.abc import Iterator
from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from server.api.schemas import ErrorReply
from server.errors import NotFound

TIMEOUT_S = 60.0  # for one step: to connect, to send a piece, to receive a piece
UPLOAD_TIMEOUT = httpx.Timeout(TIMEOUT_S, read=3600)  # a server answers an archive when it is unpacked, which may take minutes
NO_ROUTE = "There is nothing at "
MAX_ANSWER_BYTES = 1024 * 1024  # larger than any answer except reports and logs, and than any line in these

Reply = TypeVar("Reply", bound=BaseModel)


def connect(url: str, api_key: str | None, connections: int = 1) -> httpx.Client:
    """A client with paths relative to the URL; raises ValueError for an invalid URL. Sends nothing yet."""
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from error
    if address.scheme not in ("http", "https") or not address.host or address.query or address.fragment or address.userinfo:
        raise ValueError(url)
    return httpx.Client(
        base_url=address,
        headers={"Accept-Encoding": "identity"} | ({"X-Api-Key": api_key} if api_key else {}),
        timeout=TIMEOUT_S,
        limits=httpx.Limits(max_connections=connections),
        verify=ssl.create_default_context() if address.scheme == "https" else False,  # the certificates of the system
        trust_env=False,  # the proxy of the environment is for other addresses
    )


def read_whole(answer: httpx.Response) -> bytes:
    """The body, cut off after MAX_ANSWER_BYTES; raises httpx.HTTPError."""
    found = bytearray()
    for piece in answer.iter_raw():
        found += piece
        if len(found) > MAX_ANSWER_BYTES:
            break
    return bytes(found[:MAX_ANSWER_BYTES])


def read_lines(answer: httpx.Response) -> Iterator[bytes]:
    """The lines of a body with their ends; a line that is too long comes in parts. Raises httpx.HTTPError."""
    rest = b""
    for piece in answer.iter_raw():
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line + b"\n"
        if len(rest) > MAX_ANSWER_BYTES:
            yield rest
            rest = b""
    if rest:
        yield rest


def silence_of(url: str, error: httpx.HTTPError) -> str:
    """The message for a server that does not answer."""
    return f"{url} does not answer: {str(error).rstrip('.') or type(error).__name__}."


def reason_of(answer: bytes) -> ErrorReply | None:
    """The server's error message; None if it is not in this project's format."""
    try:
        return ErrorReply.model_validate_json(answer)
    except ValidationError:
        return None


def refusal_of(status: int, answer: bytes) -> tuple[str, str]:
    """Why a server of this project refused, else nothing; and what to do about it at the command line, if the server cannot say it."""
    if status == httpx.codes.UNAUTHORIZED:  # the server tells of headers
        return "The API key is missing or wrong.", "Name the file that holds the key of that server: --api-key-file FILE"
    reason = reason_of(answer)
    if reason and reason.code == NotFound.code and reason.error.startswith(NO_ROUTE):
        return f"{reason.error.partition('. ')[0]}.", "Name the server without a route behind it, as http://host:8000"
    return (reason.error[:500] if reason else ""), ""


def parse(kind: type[Reply], answer: bytes) -> Reply:
    """Parse an answer; raises ValueError with the place of the first fault."""
    try:
        return kind.model_validate_json(answer)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "answer"
        raise ValueError(f"{where}: {first['msg']}.") from error

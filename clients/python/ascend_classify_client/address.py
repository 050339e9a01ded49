"""The server's address, and requests and answers as httpx has them."""

from typing import Any

import httpx

from ascend_classify_client.exchange import Body, Reply


def check_address(url: str) -> httpx.URL:
    """The address; raises ValueError."""
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"{url!r} is not the address of a server: {error}. Write it as http://host:8000.") from error
    if address.scheme not in ("http", "https") or not address.host or address.query or address.fragment:
        raise ValueError(f"{url!r} is not the address of a server. Write it as http://host:8000.")
    return address


def headers(api_key: str | None) -> dict[str, str]:
    """The headers of every request."""
    return {"Accept": "application/json"} | ({"X-Api-Key": api_key} if api_key else {})


def sent(body: Body) -> dict[str, Any]:
    """The body as arguments of httpx."""
    if body.parts:
        return {"files": body.parts}
    return {"content": body.pieces or body.content}


def reply_of(answer: httpx.Response) -> Reply:
    """The parts of an answer that this package reads."""
    return Reply(answer.status_code, answer.headers.get("Retry-After"), answer.content)


def silence(url: str, error: httpx.HTTPError) -> Reply:
    """The reply of a server that gave none."""
    reason = str(error).rstrip(".") or type(error).__name__
    return Reply(0, broken=f"{url} does not answer: {reason}. Is it running?", refused=isinstance(error, httpx.ConnectError))

"""Requests, answers and waits as values. What a client does is a generator of them, so that `Client` and `AsyncClient` share it all.

A plan yields an Ask or a Wait. Whoever runs it sends the reply of an Ask back into it, and gets the result at its end.
"""

import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ascend_classify_client.client_errors import AnswerInvalid, ClientError, Refused, Unreachable
from ascend_classify_client.retries import Retries, Tries

FULL = frozenset({429, 503})
BUSY = FULL | {408, 502, 504}
FAULT = 500

Result = TypeVar("Result")
Part = tuple[str, tuple[str, bytes]]


@dataclass(frozen=True)
class Body:
    """What a request sends: bytes, parts of a form, or pieces one after another."""

    content: bytes | None = None
    parts: Sequence[Part] = ()
    pieces: Iterator[bytes] | None = None


@dataclass(frozen=True)
class Ask:
    """A request. `body` is called before each attempt. `again` are the statuses after which it is sent again.

    `repeatable` says whether it is also sent again when the connection broke, since then nobody knows what the server did with it.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Callable[[], Body] = Body
    again: frozenset[int] = BUSY
    repeatable: bool = True


@dataclass(frozen=True)
class Wait:
    """Wait so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Reply:
    """An answer, or the reason why there is none: then `status` is 0."""

    status: int
    retry_after: str | None = None
    body: bytes = b""
    broken: str = ""
    refused: bool = False  # the connection, before anything was sent


Plan = Generator[Ask | Wait, Reply, Result]


def answered(ask: Ask, retries: Retries | Tries) -> Plan[bytes]:
    """The body of a good answer, after further attempts where they may help; raises Refused or Unreachable."""
    tries = retries if isinstance(retries, Tries) else Tries(retries)
    faults = 0
    while True:
        reply = yield ask
        if 200 <= reply.status < 300:
            return reply.body
        faults += reply.status == FAULT
        again = reply.status in ask.again or (reply.status == FAULT and ask.repeatable and faults == 1)
        broken = not reply.status and (ask.repeatable or reply.refused)
        wait_s = tries.wait_s(reply.retry_after) if again or broken else None
        if wait_s is None:
            raise refusal(reply)
        yield Wait(wait_s)


def refusal(reply: Reply) -> ClientError:
    """The error of a reply."""
    if not reply.status:
        return Unreachable(reply.broken)
    try:
        told = json.loads(reply.body)
        return Refused(reply.status, str(told["error"]), str(told.get("code", "")), str(told.get("request_id", "")))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Refused(reply.status, "The server answered with an error that is not one of this project's.")


def read_json(body: bytes) -> Any:
    """Raises AnswerInvalid."""
    try:
        return json.loads(body)
    except ValueError as error:
        raise AnswerInvalid(f"The answer is not JSON: {error}.") from error

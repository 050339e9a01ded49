"""A side that is a running server: its answers to POST /classify, over a few connections that are kept."""

import http.client
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from time import monotonic
from typing import TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from models.manifest import MAX_TOP_K
from server.api.schemas import ClassifyReply, ErrorReply, InfoReply
from server.images.file_errors import FileUnreadable
from server.parity.parity_errors import ParityError, RemoteFailed, RemoteFull, RemoteUnavailable, SourceInvalid
from server.parity.sources import SourceAnswer

CONNECTIONS = 4
TIMEOUT_S = 60.0  # for one try, and for coming again to a server that is full
MAX_ANSWER_BYTES = 1024 * 1024
MAX_WAIT_S = 10.0  # whatever Retry-After says
FULL = (429, 503)
FACTS = {"model", "version", "engine", "runtime", "recipe_sha256", "labels_sha256"}


Told = TypeVar("Told", bound=BaseModel)


class RemoteSource:
    """A server of this project, asked as a client asks it."""

    def __init__(self, url: str, api_key: str | None = None) -> None:
        """Ask the server what it is; raises SourceInvalid for a URL that cannot be, RemoteUnavailable where none answers."""
        self._url = url
        self._headers = {"X-Api-Key": api_key} if api_key else {}
        self._connections: SimpleQueue[http.client.HTTPConnection] = SimpleQueue()
        self._leaving = Event()
        connect = _connector(url)
        for _ in range(CONNECTIONS):
            self._connections.put(connect())
        try:
            info = _told(InfoReply, self._ask("GET", "/info"), url)
        finally:
            self._disconnect()
        self.facts = {"side": url, **info.model_dump(include=FACTS)}

    def answers(self, paths: Sequence[Path]) -> Generator[SourceAnswer]:
        """One answer a file, in order, with a few under way; an answer with raw scores is an error."""
        waiting: deque[Future[SourceAnswer]] = deque()
        self._leaving.clear()
        pool = ThreadPoolExecutor(CONNECTIONS, "remote")
        try:
            for path in paths:
                if len(waiting) >= 2 * CONNECTIONS:
                    yield waiting.popleft().result()
                waiting.append(pool.submit(self._answer, path))
            while waiting:
                yield waiting.popleft().result()
        finally:
            self._leaving.set()
            pool.shutdown(wait=True, cancel_futures=True)
            self._disconnect()

    def _disconnect(self) -> None:
        for _ in range(CONNECTIONS):
            connection = self._connections.get()
            connection.close()  # it opens again when it is used again
            self._connections.put(connection)

    def _answer(self, path: Path) -> SourceAnswer:
        try:
            image = path.read_bytes()
        except OSError as error:
            return FileUnreadable(f"The file cannot be read: {error.strerror}.")
        try:
            answer = _told(ClassifyReply, self._ask("POST", f"/classify?top_k={MAX_TOP_K}", image), self._url)
        except ParityError as error:
            return error
        if answer.score_type != "probability":
            return RemoteFailed(f"{self._url} answers what cannot be compared: score_type is {answer.score_type}, not probability.")
        return tuple((score.class_id, score.label, score.score) for score in answer.predictions)

    def _ask(self, method: str, target: str, body: bytes | None = None) -> bytes:
        """The body of a 200, after as many tries as a full server wants; raises ParityError."""
        give_up_s = monotonic() + TIMEOUT_S
        while True:
            status, retry_after, answer = self._exchange(method, target, body)
            if status == http.client.OK:
                return answer
            wait_s = _seconds(retry_after)
            if status not in FULL or monotonic() + wait_s > give_up_s:
                raise _refusal(self._url, status, answer)
            if self._leaving.wait(wait_s):
                raise RemoteFull(f"{self._url} was full until the end.")

    def _exchange(self, method: str, target: str, body: bytes | None) -> tuple[int, str | None, bytes]:
        connection = self._connections.get()
        try:
            fresh = connection.sock is None
            try:
                return _request(connection, method, target, body, self._headers)
            except (OSError, http.client.HTTPException) as error:
                if fresh or isinstance(error, TimeoutError):
                    raise
                connection.close()  # the server may close a connection that is kept, just when it is used again
                return _request(connection, method, target, body, self._headers)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise RemoteUnavailable(f"{self._url} does not answer: {error or type(error).__name__}.", "Is the server running?") from error
        finally:
            self._connections.put(connection)


def _connector(url: str) -> Callable[[], http.client.HTTPConnection]:
    """What makes a connection to a URL; raises SourceInvalid."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        raise SourceInvalid(f"{url!r} is no address of a server.", "Write it as http://host:port")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return lambda: kind(host, port, timeout=TIMEOUT_S)


def _request(
    connection: http.client.HTTPConnection, method: str, target: str, body: bytes | None, headers: dict[str, str]
) -> tuple[int, str | None, bytes]:
    connection.request(method, target, body, headers)
    response = connection.getresponse()
    answer = response.read(MAX_ANSWER_BYTES)
    if not response.isclosed():  # longer than anything this project's server says
        connection.close()
    return response.status, response.headers["Retry-After"], answer


def _seconds(retry_after: str | None) -> float:
    """How long to stay away; a second if the server does not say so in seconds."""
    return min(float(retry_after), MAX_WAIT_S) if retry_after and retry_after.isascii() and retry_after.isdecimal() else 1.0


def _told(kind: type[Told], answer: bytes, url: str) -> Told:
    try:
        return kind.model_validate_json(answer)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "answer"
        raise RemoteFailed(f"{url} answers what cannot be compared: {where}: {first['msg']}.") from error


def _refusal(url: str, status: int, answer: bytes) -> ParityError:
    """What a server refused with, in its own words."""
    try:
        reason = ErrorReply.model_validate_json(answer).error[:500]
    except ValidationError:
        reason = ""
    kind = RemoteFull if status in FULL else RemoteFailed
    return kind(f"{url} answers {status}. {reason}".strip())

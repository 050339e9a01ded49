"""A side that is a running server, called with POST /classify over a few open connections."""

from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from threading import Event
from time import monotonic

import httpx

from models.manifest import MAX_TOP_K
from models.model_errors import ClassifyError
from server.api.schemas import ClassifyReply, InfoReply
from server.cli.server_client import TIMEOUT_S, Reply, connect, parse, read_whole, refusal_of, silence_of
from server.images.file_errors import FileUnreadable
from server.parity.parity_errors import ParityError, RemoteFailed, RemoteFull, RemoteUnavailable, SourceInvalid
from server.parity.sources import SourceAnswer

CONNECTIONS = 4
MAX_WAIT_S = 10.0  # upper limit for Retry-After
FULL = (429, 503)
FACTS = {"model", "version", "engine", "runtime", "precision", "decode", "recipe_sha256", "labels_sha256"}


FileReply = ClassifyReply | ClassifyError


class RemoteSource:
    """A server of this project, called like any client calls it."""

    def __init__(self, url: str, api_key: str | None = None) -> None:
        """Ask the server for its facts; raises SourceInvalid for an invalid URL, RemoteUnavailable if no server answers."""
        self._url = url
        self._api_key = api_key
        self._leaving = Event()
        with self._connect() as client:
            info = self._told(InfoReply, self._ask(client, "GET", "/info"))
        self.facts = {"side": url, **info.model_dump(include=FACTS, exclude_none=True)}

    def answers(self, paths: Sequence[Path]) -> Generator[SourceAnswer]:
        """One answer per file, in order; an answer with raw scores is an error."""
        with closing(self.replies(paths)) as replies:
            for reply in replies:
                yield self._comparable(reply)

    def replies(self, paths: Sequence[Path]) -> Generator[FileReply]:
        """One reply or error per file, in order, with a few requests in progress."""
        waiting: deque[Future[FileReply]] = deque()
        self._leaving.clear()
        pool, client = ThreadPoolExecutor(CONNECTIONS, "remote"), self._connect()
        try:
            for path in paths:
                if len(waiting) >= 2 * CONNECTIONS:
                    yield waiting.popleft().result()
                waiting.append(pool.submit(self._answer, client, path))
            while waiting:
                yield waiting.popleft().result()
        finally:
            self._leaving.set()
            pool.shutdown(wait=True, cancel_futures=True)
            client.close()

    def _connect(self) -> httpx.Client:
        try:
            return connect(self._url, self._api_key, CONNECTIONS)
        except ValueError:
            raise SourceInvalid(f"{self._url!r} is not the address of a server.", "Write it as http://host:port") from None

    def _answer(self, client: httpx.Client, path: Path) -> FileReply:
        try:
            image = path.read_bytes()
        except OSError as error:
            return FileUnreadable(f"The file cannot be read: {error.strerror}.")
        try:
            return self._told(ClassifyReply, self._ask(client, "POST", f"/classify?top_k={MAX_TOP_K}", image))
        except ParityError as error:
            return error

    def _comparable(self, reply: FileReply) -> SourceAnswer:
        if isinstance(reply, ClassifyError):
            return reply
        if reply.score_type != "probability":
            remedy = "Compare with a server whose model is not calibrated." if reply.score_type == "calibrated" else ""
            return RemoteFailed(f"{self._url} answers what cannot be compared: score_type is {reply.score_type}, not probability.", remedy)
        return tuple((score.class_id, score.label, score.score) for score in reply.predictions)

    def _ask(self, client: httpx.Client, method: str, target: str, body: bytes | None = None) -> bytes:
        """The body of a 200, after several tries if the server is full; raises ParityError."""
        give_up_s = monotonic() + TIMEOUT_S
        while True:
            status, retry_after, answer = self._exchange(client, method, target, body)
            if status == httpx.codes.OK:
                return answer
            wait_s = _seconds(retry_after)
            if status not in FULL or monotonic() + wait_s > give_up_s:
                reason, remedy = refusal_of(status, answer)
                kind = RemoteFull if status in FULL else RemoteFailed
                raise kind(f"{self._url} answers {status}. {reason}".strip(), remedy)
            if self._leaving.wait(wait_s):
                raise RemoteFull(f"{self._url} was full until the end.")

    def _exchange(self, client: httpx.Client, method: str, target: str, body: bytes | None) -> tuple[int, str | None, bytes]:
        """Status, Retry-After and body; raises RemoteUnavailable."""

        def send(through: httpx.Client) -> tuple[int, str | None, bytes]:
            with through.stream(method, target, content=body) as answer:
                return answer.status_code, answer.headers.get("Retry-After"), read_whole(answer)

        try:
            for _ in range(CONNECTIONS):  # the server may close an idle connection at the moment of its next use
                with suppress(httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
                    return send(client)
            with self._connect() as fresh:  # others may have used all connections just now, and each may be closed
                return send(fresh)
        except httpx.HTTPError as error:
            raise RemoteUnavailable(silence_of(self._url, error), "Start it, or correct the URL.") from error

    def _told(self, kind: type[Reply], answer: bytes) -> Reply:
        try:
            return parse(kind, answer)
        except ValueError as error:
            raise RemoteFailed(f"{self._url} answers what cannot be compared: {error}") from error


def _seconds(retry_after: str | None) -> float:
    """The seconds to wait; one second if the header does not give a number of seconds."""
    return min(float(retry_after), MAX_WAIT_S) if retry_after and retry_after.isascii() and retry_after.isdecimal() else 1.0

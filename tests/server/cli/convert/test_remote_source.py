"""A running server as a side: real servers, and servers that behave badly."""

import http.server
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from server.api.schemas import ErrorReply, InfoReply, Limits
from server.cli.convert import remote_source
from server.cli.convert.remote_source import RemoteSource
from server.cli.server_client import MAX_ANSWER_BYTES
from server.images.file_errors import FileUnreadable
from server.parity.parity_errors import RemoteFailed, RemoteFull, RemoteUnavailable, SourceInvalid
from tests.level_model import level_png, store_level_model
from tests.server.process import ServerProcess

INFO = InfoReply(
    model="m",
    version="1",
    description="",
    classes=5,
    recipe_sha256="ab",
    labels_sha256="cd",
    artifacts=[],
    engine="stream",
    engines=[],
    runtime="cpu",
    pipeline=None,
    limits=Limits(window=1, timeout_ms=1, max_body_bytes=1, max_image_pixels=1, max_batch_items=1),
)
ANSWER: dict[str, Any] = {
    "model": "m",
    "version": "1",
    "engine": "stream",
    "score_type": "probability",
    "predictions": [{"class_id": 3, "label": "lynx", "score": 0.5}],
    "timing_ms": {"total": 1.0},
}
BUSY = ErrorReply(error="Busy.", code="saturated", request_id="1")
Reply = tuple[int, bytes, dict[str, str]]


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number}.png" for number in range(20)]
    for number, path in enumerate(paths):
        path.write_bytes(level_png(4 * number) if number != 7 else b"rubbish")
    return [*paths, tmp_path / "missing.png"]


def test_a_real_server_answers_in_order(tmp_path: Path, images: list[Path]) -> None:
    """With a window of two it refuses some of the four connections, which come again; the key is asked for."""
    (tmp_path / "key").write_text("secret\n")
    store_level_model(tmp_path / "store")
    with ServerProcess(model_store=tmp_path / "store", model="level", window=2, api_key_file=tmp_path / "key") as server:
        side = RemoteSource(server.url, "secret")
        answers = list(side.answers(images))
        again = list(side.answers(images[:2]))
        with pytest.raises(RemoteFailed, match=r"answers 401\. The API key is missing or wrong"):
            RemoteSource(server.url, "wrong")
    found = [answer[0][0] if isinstance(answer, tuple) else type(answer) for answer in answers]
    assert found == [*range(7), RemoteFailed, *range(8, 20), FileUnreadable]
    assert "answers 415" in str(answers[7])
    assert again == answers[:2]
    assert (side.facts["side"], side.facts["model"], side.facts["runtime"]) == (server.url, "level", "cpu")


@contextmanager
def pretending(reply: Callable[[int], Reply], *, drops_second: bool = False) -> Iterator[str]:
    """A server that answers GET /info well, and the POST of each number as told.

    It closes each connection after its first POST, or instead of an answer to the second.
    """
    asked = iter(range(1000))

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        kept = False

        def do_GET(self) -> None:
            self._send(200, INFO.model_dump_json().encode(), {})

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if not self.kept:
                self._send(*reply(next(asked)))
            self.close_connection = self.kept or not drops_second  # without having said so
            self.kept = True

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_a_full_server_is_waited_for_and_a_closed_connection_opened_again(images: list[Path]) -> None:
    with pretending(lambda number: (429, b"", {"Retry-After": "0"}) if number % 2 else (200, json.dumps(ANSWER).encode(), {})) as url:
        assert list(RemoteSource(url).answers(images[:9])) == [((3, "lynx", 0.5),)] * 9


def test_a_connection_that_is_closed_as_it_is_used_again(images: list[Path]) -> None:
    with pretending(lambda _: (200, json.dumps(ANSWER).encode(), {}), drops_second=True) as url:
        assert list(RemoteSource(url).answers(images[:-1])) == [((3, "lynx", 0.5),)] * 20


def test_a_server_that_answers_nothing_is_given_up() -> None:
    def hang_up() -> None:
        for _ in range(5):
            listener.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=hang_up, daemon=True).start()
        with pytest.raises(RemoteUnavailable, match="does not answer: "):
            RemoteSource(f"http://127.0.0.1:{listener.getsockname()[1]}")


def test_a_server_that_stays_full_is_given_up(images: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_source, "TIMEOUT_S", 0.5)
    with pretending(lambda _: (503, BUSY.model_dump_json().encode(), {})) as url:
        (answer,) = RemoteSource(url).answers(images[:1])
    assert isinstance(answer, RemoteFull)
    assert str(answer) == f"{url} answers 503. Busy."


def test_who_leaves_early_does_not_wait_for_a_full_server(images: list[Path]) -> None:
    with pretending(lambda _: (429, b"", {"Retry-After": "10"})) as url:
        answers = RemoteSource(url).answers([images[-1], *images])
        assert isinstance(next(answers), FileUnreadable)
        began_s = monotonic()
        answers.close()
    assert monotonic() - began_s < 5


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"not JSON", "Invalid JSON"),
        (b"[" * 100_000, "Invalid JSON"),
        (json.dumps(ANSWER | {"score_type": "logit"}).encode(), "score_type is logit, not probability"),
        (
            json.dumps(ANSWER | {"score_type": "calibrated"}).encode(),
            "not probability. Compare with a server whose model is not calibrated",
        ),
        (json.dumps(ANSWER | {"predictions": []}).encode(), "predictions: List should have at least 1 item"),
        (json.dumps(ANSWER).encode().replace(b"0.5", b"NaN"), "score: Input should be a finite number"),
        (json.dumps(ANSWER | {"x": "x" * MAX_ANSWER_BYTES}).encode(), "Invalid JSON"),
    ],
)
def test_answers_that_cannot_be_compared(images: list[Path], body: bytes, complaint: str) -> None:
    with pretending(lambda _: (200, body, {})) as url:
        (answer,) = RemoteSource(url).answers(images[:1])
    assert isinstance(answer, RemoteFailed)
    assert complaint in str(answer)


def test_refusals_in_nobodys_words(images: list[Path]) -> None:
    with pretending(lambda number: (500, [b"<html>", b'{"error": 3}', b"[]", b"{" * 100_000][number], {})) as url:
        assert [str(answer) for answer in RemoteSource(url).answers(images[:4])] == [f"{url} answers 500."] * 4


@pytest.mark.parametrize("url", ["http://", "http://host:port", "http://host?query", "http://me@host", "http://[::1"])
def test_urls_that_cannot_be(url: str) -> None:
    with pytest.raises(SourceInvalid, match="is not the address of a server"):
        RemoteSource(url)


def test_nobody_is_there() -> None:
    with pytest.raises(RemoteUnavailable, match=r"does not answer: .*refused"):
        RemoteSource("http://127.0.0.1:9")

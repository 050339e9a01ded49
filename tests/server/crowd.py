"""Clients who know what they should be answered: each posts pictures of the level model that no other has under way."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from time import monotonic, perf_counter, sleep
from types import TracebackType
from typing import Self

from tests.level_model import CLASSES, level_png

CLIENTS = 32
ANSWER_S = 60
PATIENCE_S = 60


class Crowd:
    """Runs while it is entered; what it finds wrong is in `faults`.

    A client rests `rest_s` between two requests; it may be changed meanwhile. With `until_closed` a client ends
    when it is not let in any more: its connection is refused, or reset before its first answer.
    """

    def __init__(self, address: tuple[str, int], rest_s: float = 0.02, *, until_closed: bool = False) -> None:
        self.answers: Counter[str] = Counter()  # by engine
        self.faults: list[str] = []
        self.latencies_s: list[float] = []
        self.sent = 0
        self._address = address
        self.rest_s = rest_s
        self.until_closed = until_closed
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._post, args=(number,), name=f"client-{number}") for number in range(CLIENTS)]

    def _post(self, number: int) -> None:
        connection = HTTPConnection(*self._address, timeout=ANSWER_S)
        wanted = number
        while not self._over.wait(self.rest_s):
            wanted = (wanted + CLIENTS) % CLASSES
            outside = self.until_closed and not connection.sock
            began_s = perf_counter()
            try:
                connection.request("POST", "/classify", level_png(4 * wanted))
                reply = connection.getresponse()
                fault = self._check(reply.status, reply.headers["X-Engine"], reply.read(), wanted)
            except ConnectionError as error:
                if outside:
                    break
                fault = f"lost: {error!r}"
            except (OSError, HTTPException) as error:
                fault = f"lost: {error!r}"
            with self._lock:
                self.sent += 1
                self.latencies_s.append(perf_counter() - began_s)
                if fault:
                    connection.close()
                    self.faults.append(f"client {number} after {perf_counter() - began_s:.2f} s: {fault}")
        connection.close()

    def _check(self, status: int, engine: str, body: bytes, wanted: int) -> str:
        if status != 200:
            return f"{status} {body.decode()}"
        answer = json.loads(body)
        if (found := answer["predictions"][0]["class_id"]) != wanted:
            return f"class {found} instead of {wanted}"
        with self._lock:
            self.answers[engine] += 1
        return "" if answer["engine"] == engine else f"X-Engine says {engine}: {body.decode()}"

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        """Until something is so; raises AssertionError when it never is."""
        deadline_s = monotonic() + PATIENCE_S
        while not condition():
            assert monotonic() < deadline_s, f"{what}: not so after {PATIENCE_S} s; {self}"
            sleep(0.05)

    def wait_for_answers(self, engine: str, count: int = 2 * CLIENTS) -> None:
        """Until an engine has answered so many more."""
        wanted = self.answers[engine] + count
        self.wait_for(lambda: self.answers[engine] >= wanted, f"{engine} answers")

    def __str__(self) -> str:
        return f"{self.sent} requests, answers {dict(self.answers)}, {len(self.faults)} faults {self.faults[:5]}"

    def join(self) -> None:
        """Until every client has ended."""
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self.join()

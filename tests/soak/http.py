"""Sends wrong requests to a real server and holds it to its promises."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator

from tests.level_model import level_png
from tests.server.bare_client import LAST, split_answers
from tests.server.process import ServerProcess
from tests.soak.http_requests import Sending, request, sendings

WORKERS = 32
NEIGHBOUR_EVERY = 50
ANSWER_S = 20
QUIET_S = 0.5  # a client that has waited so long for more leaves
CLASS = 3
IMAGE = level_png(4 * CLASS)


class Soak:
    """A run against one server: what was answered, and every broken promise."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.statuses: Counter[int] = Counter()
        self.faults: list[str] = []
        self.sent = 0
        self._address = address

    async def run(self, cases: Iterator[tuple[int, Sending]]) -> None:
        """Send all cases, some at a time."""
        await asyncio.gather(*(self._work(cases) for _ in range(WORKERS)))

    async def _work(self, cases: Iterator[tuple[int, Sending]]) -> None:
        for index, sending in cases:
            self.sent += 1
            try:
                answers = await asyncio.wait_for(self._exchange(sending), ANSWER_S)
            except TimeoutError:
                self.faults.append(f"{index}: not answered in {ANSWER_S} s")
                continue
            for status, body in answers:
                self.statuses[status] += 1
                if status >= 500 or (status >= 400 and body and not is_error_body(body)):
                    self.faults.append(f"{index}: {status} {body[:200]!r}")
            if index % NEIGHBOUR_EVERY == 0:
                await self._check_neighbour(index)

    async def _check_neighbour(self, index: int) -> None:
        [(status, body)] = await self._exchange(Sending((request(b"POST", b"/classify", IMAGE, b"Connection: close"),), "wait"))
        if status != 200 or json.loads(body)["predictions"][0]["class_id"] != CLASS:
            self.faults.append(f"{index}: a neighbour got {status} {body[:200]!r}")

    async def _exchange(self, sending: Sending) -> list[tuple[int, bytes]]:
        reader, writer = await asyncio.open_connection(*self._address)
        received = bytearray()
        try:
            for piece in sending.pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            if sending.ending == "drop":
                return []
            patience_s = None
            if sending.ending == "end":
                writer.write(LAST)
                patience_s = QUIET_S
            while data := await asyncio.wait_for(reader.read(65536), patience_s):
                received += data
        except OSError:  # of which TimeoutError is one: the last request has become a part of a body that goes on
            pass  # reset, having been told: what came before counts
        finally:
            writer.transport.abort()
        return list(split_answers(bytes(received)))


def is_error_body(body: bytes) -> bool:
    """Whether a refusal is the one that docs/errors.md describes."""
    try:
        return set(json.loads(body)) == {"error", "code", "request_id"}
    except ValueError:
        return False


def send_requests(server: ServerProcess, seed: int, requests: range) -> Soak:
    """Send the requests at these indices to a server of the level model."""
    run = Soak(server.address)
    asyncio.run(run.run(zip(requests, sendings(seed, requests.start), strict=False)))
    return run

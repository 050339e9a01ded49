"""Sends wrong requests to a real server and holds it to its promises: `python -m tests.soak.http --seconds 3600`."""

import argparse
import asyncio
import itertools
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from server.engines.fake_engine import fake_prediction
from server.types import EncodedImage, ImageFormat
from tests.level_model import level_png
from tests.server.bare_client import LAST, split_answers
from tests.server.process import NEW_PROCESS, ServerProcess
from tests.soak.http_requests import Sending, request, sendings

WORKERS = 32
NEIGHBOUR_EVERY = 50
ANSWER_S = 20
QUIET_S = 0.5  # a client that has waited so long for more leaves
IMAGE = level_png(12)


class Soak:
    """A run against one server: what was answered, and every broken promise."""

    def __init__(self, server: ServerProcess) -> None:
        self.statuses: Counter[int] = Counter()
        self.faults: list[str] = []
        self.sent = 0
        self.memory_kb: list[int] = []
        self._address = server.address
        self._pid = server.pid

    async def run(self, cases: Iterator[tuple[int, Sending]]) -> None:
        """Send all cases, some at a time."""
        await asyncio.gather(*(self._work(cases) for _ in range(WORKERS)))
        self.note_memory()

    def note_memory(self) -> None:
        """Remember how much memory the server holds."""
        status = Path(f"/proc/{self._pid}/status").read_text()
        self.memory_kb.append(int(re.findall(r"VmRSS:\s+(\d+)", status)[0]))

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
        expected = fake_prediction(EncodedImage(IMAGE, ImageFormat.PNG, 1, 1)).scores[0].class_id
        if status != 200 or json.loads(body)["predictions"][0]["class_id"] != expected:
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


def soak(seed: int, *, requests: int | None = None, seconds: float = float("inf")) -> Soak:
    """Run a number of requests, or for a time; the memory is noted after the first third of them, or of the time, and at the end."""
    with ServerProcess(python=NEW_PROCESS, engines="fake", max_body_bytes=300_000, client_timeout_s=4, keep_alive_s=4) as server:
        run, began_s = Soak(server), time.monotonic()

        def cases() -> Iterator[tuple[int, Sending]]:
            for index, sending in enumerate(itertools.islice(sendings(seed), requests)):
                elapsed_s = time.monotonic() - began_s
                if not run.memory_kb and (index * 3 >= requests if requests else elapsed_s * 3 >= seconds):
                    run.note_memory()
                if elapsed_s >= seconds:
                    return
                yield index, sending

        asyncio.run(run.run(cases()))
        run.faults.extend(server.troubles())
    return run


def main() -> None:
    """Soak for a time and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    began_s = time.monotonic()
    run = soak(arguments.seed, seconds=arguments.seconds)
    print(report(run, time.monotonic() - began_s), f"seed {arguments.seed}", sep=", ")  # noqa: T201
    if run.faults:
        raise SystemExit("\n".join(run.faults))


def report(run: Soak, elapsed_s: float) -> str:
    """The figures of a run."""
    statuses = ", ".join(f"{count} of {status}" for status, count in sorted(run.statuses.items()))
    first, last = run.memory_kb[0], run.memory_kb[-1]
    return f"{run.sent} requests in {elapsed_s:.0f} s: {statuses}; memory {first} kB after a third, {last} kB at the end"


if __name__ == "__main__":
    main()

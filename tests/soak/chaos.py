"""Four chips on the CPU runtime, each with both engines in processes, and everything that can happen to them.

`python -m tests.soak.chaos --seconds 300`: 32 clients post pictures whose class is known, over connections that they keep. Meanwhile
processes are killed, several at once too, stopped and slowed down, and the model is replaced by garbage and back, with reloads between.
In the end the server is asked to go, under load. A request that is lost, answered wrongly or with an error is a fault.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from statistics import quantiles
from typing import Any

from tests.level_model import store_level_model
from tests.server.crowd import Crowd
from tests.server.process import NEW_PROCESS, ServerProcess

CHIPS = "0,1,2,3"
LEFT = 2  # engines, of eight: with none for ten seconds there is nobody to answer
STALL_S = 2
BACK_S = 120  # in which everything is well again once nothing happens any more: restarts wait longer and longer


class Chaos:
    """What happens to one server."""

    def __init__(self, server: ServerProcess, model: Path, seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self._server = server
        self._model = model
        self._good = model.read_bytes()
        self._random = random.Random(seed)  # noqa: S311 - to be had again
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(happen,)) for happen in (self._break, self._replace_model)]

    def __enter__(self) -> "Chaos":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self, happen: Callable[[], None]) -> None:
        try:
            while not self._over.is_set():
                happen()
        except Exception as error:  # of the chaos, or the server does not answer
            self.faults.append(f"{happen.__name__}: {error!r}")

    def engines(self) -> list[dict[str, Any]]:
        """What /info tells of them."""
        found: list[dict[str, Any]] = self._server.client.get("/info").json()["engines"]
        return found

    def _break(self) -> None:
        """Something happens to some processes."""
        chance = self._random
        self._over.wait(chance.uniform(0.2, 2.5))
        engines = [engine for engine in self.engines() if engine["up"] and engine["process"]]
        up = [engine["process"] for engine in engines]
        answering = [engine["process"] for engine in engines if engine["answers"]]
        most = len(up) - LEFT
        if most < 1:
            self.counts["spared"] += 1
            return
        match chance.choice(("kill", "kill", "kill several", "kill who answers", "stop", "slow")):
            case "kill":
                self._kill(chance.sample(up, 1))
            case "kill several":
                self._kill(chance.sample(up, chance.randint(1, min(4, most))))
            case "kill who answers":
                self._kill(answering[:most])
            case "stop":
                self._send(chance.choice(up), signal.SIGSTOP)
                self.counts["stopped"] += 1
            case _:
                self.counts["slowed down"] += 1
                self._slow(chance.choice(up), chance.uniform(0.5, 3))

    def _kill(self, processes: list[int]) -> None:
        for process in processes:
            self._send(process, signal.SIGKILL)
        self.counts["killed"] += len(processes)

    def _slow(self, process: int, seconds: float) -> None:
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            self._send(process, signal.SIGSTOP)
            time.sleep(0.08)
            self._send(process, signal.SIGCONT)
            time.sleep(0.02)

    def _send(self, process: int, number: signal.Signals) -> None:
        """Send a signal, to what is still a child of the server."""
        with suppress(OSError):
            if f"\nPPid:\t{self._server.pid}\n" in Path(f"/proc/{process}/status").read_text():
                os.kill(process, number)

    def _replace_model(self) -> None:
        """Garbage comes, is refused, and goes."""
        self._over.wait(self._random.uniform(2, 6))
        self._place(self._random.randbytes(len(self._good)))
        self._reload(409)
        self._over.wait(self._random.uniform(0, 2))
        refusals = self._server.lines("The new model was refused")
        self._server.signal(signal.SIGHUP)
        self._wait(lambda: self._server.lines("The new model was refused") > refusals, "SIGHUP with garbage is refused")
        self._place(self._good)
        self._reload(200)

    def _place(self, content: bytes) -> None:
        new = self._model.with_suffix(".new")
        new.write_bytes(content)
        new.replace(self._model)

    def _reload(self, wanted: int) -> None:
        answer = self._server.client.post("/admin/models/reload", timeout=120)
        self.counts["reloads" if answer.status_code == 200 else "reloads refused"] += 1
        if answer.status_code != wanted:
            self.faults.append(f"reload: {answer.status_code} instead of {wanted}: {answer.text}")

    def _wait(self, condition: Callable[[], object], what: str) -> None:
        deadline_s = time.monotonic() + BACK_S
        while not condition():
            if time.monotonic() > deadline_s:
                self.faults.append(f"not so after {BACK_S} s: {what}")
                return
            time.sleep(0.5)

    def recover(self) -> None:
        """Until every engine is up and the first answers."""
        self._wait(
            lambda: all(engine["up"] and engine["answers"] == (engine["name"] == "stream") for engine in self.engines()), "all is well"
        )
        self.counts["restarts"] = int(self._server.metric("classify_engine_restarts_total"))
        self.counts["switches"] = int(self._server.metric("classify_engine_switches_total"))


def run(seconds: float, seed: int, store: Path) -> tuple[str, list[str]]:
    """What happened, in words, and every fault."""
    model = store_level_model(store).check_artifact("cpu")[1]
    with ServerProcess(
        python=NEW_PROCESS,
        ready_s=120,
        model_store=store,
        model="level",
        runtime="cpu",
        engines="stream,mxbase",
        devices=CHIPS,
        engine_stall_s=STALL_S,
        engine_start_s=60,
        streams_per_device=2,
        drain_delay_s=1,
    ) as server:
        chaos = Chaos(server, model, seed)
        with Crowd(server.address, rest_s=0.005) as crowd:
            crowd.wait_for_answers("stream")
            with chaos:
                time.sleep(seconds)
            chaos.recover()
            crowd.wait_for_answers("stream")
            crowd.until_closed = True
            server.signal(signal.SIGTERM)
            crowd.join()
            code = server.wait(60)
        taken, answered = server.lines("POST /classify "), server.lines("POST /classify 200 ")
    faults = [*chaos.faults, *crowd.faults]
    if code or not taken == answered == sum(crowd.answers.values()):
        faults.append(f"exit code {code}; {taken} requests were taken, {answered} answered, {sum(crowd.answers.values())} rightly")
    percentiles_ms = [1000 * latency_s for latency_s in quantiles(crowd.latencies_s, n=100)]
    happened = ", ".join(f"{what} {count}" for what, count in chaos.counts.items())
    answers = ", ".join(f"{count} by {engine}" for engine, count in crowd.answers.most_common())
    return (
        f"{crowd.sent} requests, answered rightly: {answers}; {len(faults)} faults; {happened}; "
        f"latency p50 {percentiles_ms[49]:.0f} ms, p99 {percentiles_ms[98]:.0f} ms, longest {1000 * max(crowd.latencies_s):.0f} ms"
    ), faults


def main() -> None:
    """Let it happen for a time, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)  # noqa: T201
    with tempfile.TemporaryDirectory(prefix="chaos-") as store:
        words, faults = run(arguments.seconds, arguments.seed, Path(store))
    print(words)  # noqa: T201
    if faults:
        sys.exit("\n".join(faults[:50]))


if __name__ == "__main__":
    main()

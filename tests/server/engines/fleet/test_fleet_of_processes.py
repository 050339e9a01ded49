"""An engine process dies or hangs: its request and its neighbours are answered. Real processes, real signals."""

import os
import signal
import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep

import pytest

from pipelines.cpu.runtime_options import CpuOptions
from server.engines.fake_engine import fake_prediction
from server.engines.fleet.fleet import Fleet
from server.engines.fleet.member import Member, Watch
from server.engines.fleet.retries import LOSSES
from server.engines.plan import plan_rendered
from server.engines.process.engine_process import EngineProcess
from server.engines.process.program import EngineProgram, StreamProgram
from server.engines.work import InferenceRequest
from server.errors import EngineUnavailable
from server.types import EncodedImage, ImageFormat, Prediction
from tests.level_model import level_image, store_level_model
from tests.server.engines.fleet.test_fleet import Switches, request, submit

pytestmark = pytest.mark.usefixtures("forked_children")

CLIENTS = 32


def faulty_process() -> EngineProcess:
    program = EngineProgram("tests.server.engines.faulty:FaultyEngine", lambda: {"latency_s": 0.002})
    return EngineProcess("fake", program, start_s=20, back_off_s=0.05)


def fleet_of(*sizes: int) -> tuple[Fleet, list[EngineProcess]]:
    """So many processes a tier, started."""
    engines = [[faulty_process() for _ in range(size)] for size in sizes]
    watch = Watch(stall_s=5, idle_s=5, back_off_s=0.05)
    tiers = [[Member(engine, str(device), watch) for device, engine in enumerate(tier)] for tier in engines]
    fleet = Fleet(tiers, 64)
    fleet.start()
    return fleet, [engine for tier in engines for engine in tier]


def kill(engine: EngineProcess, number: signal.Signals = signal.SIGKILL) -> None:
    assert engine.process
    os.kill(engine.process, number)


def level_process(name: str, folder: Path) -> EngineProcess:
    """The stream engine in a child, in strict mode; two of them answer alike, under their own names."""
    model = store_level_model(folder)
    program = StreamProgram(lambda: plan_rendered(model, "cpu", "", 2), "cpu", options=CpuOptions(strict=True, race=True))
    return EngineProcess(name, program, start_s=20, back_off_s=0.05)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_no_client_notices_that_the_primary_breaks(tmp_path: Path, number: signal.Signals) -> None:
    primary, fallback = level_process("stream", tmp_path / "primary"), level_process("fallback", tmp_path / "fallback")
    told, over, watch = Switches(), threading.Event(), Watch(stall_s=0.5, idle_s=0.3, back_off_s=0.2)
    fleet = Fleet([[Member(primary, watch=watch)], [Member(fallback, watch=watch)]], 64, told)
    fleet.start()
    outcomes: Counter[str] = Counter()

    def client(first: int) -> None:
        turn = first
        while not over.is_set():
            turn += 1
            try:
                answer = fleet.submit(InferenceRequest(level_image(turn % 64), "client", monotonic() + 20)).result(30)
            except Exception as error:
                outcomes[repr(error)] += 1
            else:
                outcomes[answer.engine if answer.scores[0].class_id == turn % 64 else "wrong"] += 1

    threads = [threading.Thread(target=client, args=(first,)) for first in range(CLIENTS)]
    for thread in threads:
        thread.start()
    sleep(0.3)
    kill(primary, number)
    deadline_s = monotonic() + 20
    while len(told) < 2 and monotonic() < deadline_s:
        sleep(0.02)
    sleep(0.3)
    over.set()
    for thread in threads:
        thread.join()
    fleet.close(drain_s=5)
    assert set(outcomes) == {"stream", "fallback"}
    assert [switch[:2] for switch in told] == [("stream", "fallback"), ("fallback", "stream")]
    assert primary.restarts == 1


def test_without_another_engine_a_request_waits_for_its_own_to_come_back() -> None:
    fleet, [process] = fleet_of(1)
    pending = [submit(fleet) for _ in range(64)]
    kill(process)
    assert all(future.result(20).scores for future in pending)
    fleet.close(5)


def test_a_lost_process_is_shown_as_restarting() -> None:
    fleet, processes = fleet_of(2)
    assert [(status.up, status.restarting) for status in fleet.statuses()] == [(True, False)] * 2
    kill(processes[1])
    deadline_s = monotonic() + 10
    while fleet.statuses()[1].up and monotonic() < deadline_s:
        sleep(0.002)
    lost = fleet.statuses()[1]
    assert (lost.up, lost.restarting or lost.restarts == 1) == (False, True)  # it may begin again before it is looked at
    while not fleet.statuses()[1].up and monotonic() < deadline_s:
        sleep(0.01)
    back = fleet.statuses()[1]
    assert (back.up, back.restarting, back.restarts) == (True, False, 1)
    fleet.close(5)


def test_what_comes_while_there_is_no_engine_waits_for_one_that_is_on_its_way_back() -> None:
    fleet, [process] = fleet_of(1)
    kill(process)
    deadline_s = monotonic() + 10
    while fleet.health().ok and monotonic() < deadline_s:
        sleep(0.005)
    assert submit(fleet).result(20).scores
    fleet.close(5)


@pytest.mark.parametrize("words", [b"EXIT", b"ABORT"])
def test_an_image_that_breaks_its_engine_sinks_alone(words: bytes) -> None:
    """Thirty-two clients beside it are answered, though it breaks the primary, the fallback, and again one of them."""
    fleet, processes = fleet_of(1, 1)
    poison: list[Future[Prediction]] = []

    def client(number: int) -> Counter[str]:
        outcomes: Counter[str] = Counter()
        for turn in range(40):
            if (number, turn) == (0, 5):
                poison.append(submit(fleet, words))
            picture = request(b"picture %d of %d" % (turn, number))
            answer = fleet.submit(picture).result(30)
            outcomes["right" if answer.scores == fake_prediction(picture.image).scores else "wrong"] += 1
        return outcomes

    with ThreadPoolExecutor(CLIENTS) as clients:
        found = sum(clients.map(client, range(CLIENTS)), Counter[str]())
    with pytest.raises(EngineUnavailable):
        poison[0].result(20)
    assert found == {"right": CLIENTS * 40}
    assert sum(process.restarts for process in processes) <= LOSSES
    fleet.close(5)


def test_more_chips_try_no_more_often_than_one_engine_would() -> None:
    fleet, processes = fleet_of(2, 2)
    with pytest.raises(EngineUnavailable):
        submit(fleet, b"EXIT").result(20)
    assert sum(process.restarts or not process.health().ok for process in processes) <= LOSSES
    assert submit(fleet).result(20).scores
    fleet.close(5)


def test_it_waits_no_longer_than_it_has_time() -> None:
    fleet, _ = fleet_of(1)
    poison = submit(fleet, b"EXIT", timeout_s=0.3)
    with pytest.raises(EngineUnavailable):
        poison.result(5)
    fleet.close(5)


def test_the_chip_with_the_fewest_images_is_asked() -> None:
    fleet, _ = fleet_of(3)
    futures = [fleet.submit(InferenceRequest(EncodedImage(b"p", ImageFormat.PNG, 1, 1), "", monotonic() + 10)) for _ in range(6)]
    assert [len(member.under_way) for member in fleet.members] == [2, 2, 2]
    assert all(future.result(10).scores for future in futures)
    fleet.close(1)

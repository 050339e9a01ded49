"""Bodies that are under way together, over real sockets."""

import asyncio
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from server.errors import Saturated
from server.serving.budgets import BodyBudget, BodyHold
from server.serving.explanations import MOST_UNDER_WAY
from server.telemetry.metrics import Metrics
from tests.level_model import level_png
from tests.server.bare_client import BareClient
from tests.server.process import ServerProcess

POST = b"POST /classify HTTP/1.1\r\nHost: a\r\n"
IMAGE = level_png(12)
LARGE = 100_000


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """A server that takes two large bodies and a small one."""
    with ServerProcess(engines="fake", max_body_bytes=LARGE, body_budget_bytes=2 * LARGE + 1000) as server:
        yield server


@pytest.fixture
def connect(server: ServerProcess) -> Iterator[Callable[[bytes], BareClient]]:
    """Opens a connection and sends the beginning of a request; everything is given back in the end."""
    clients = []

    def connect(beginning: bytes) -> BareClient:
        clients.append(BareClient(server.address).send(beginning))
        return clients[-1]

    yield connect
    for client in clients:
        client.socket.close()
    wait_for(server, 0)


def test_the_bodies_for_one_model_leave_bytes_for_another() -> None:
    metrics = Metrics()
    budget = BodyBudget(100, metrics, least_bytes=60)
    asked = (("a", "flooded"), ("b", "flooded"), ("c", "quiet"), ("d", ""))
    with ExitStack() as holds:
        first, second, third, neither = (holds.enter_context(BodyHold(budget, *each)) for each in asked)
        first.grow_to(60)
        second.grow_to(40)
        third.grow_to(60)
        for hold, held_bytes in ((second, 41), (third, 61), (neither, 1)):
            with pytest.raises(Saturated):
                hold.grow_to(held_bytes)
    refused = {
        model: metrics.registry.get_sample_value("classify_rejected_total", {"model": model, "reason": "saturated"})
        for model in ("flooded", "quiet", "")
    }
    assert (budget.held_bytes, refused) == (0, {"flooded": 1, "quiet": 1, "": 1})
    with BodyHold(budget, "a", "flooded") as hold:
        hold.grow_to(60)


def test_one_client_leaves_bytes_for_others() -> None:
    budget = BodyBudget(100, Metrics(), least_bytes=20)
    with BodyHold(budget, "greedy") as first, BodyHold(budget, "greedy") as second, BodyHold(budget, "other") as third:
        first.grow_to(50)
        second.grow_to(30)
        for refused in (second.expect, second.grow_to):
            with pytest.raises(Saturated):
                refused(31)
        third.grow_to(20)
        assert budget.held_bytes == 100
    with BodyHold(budget, "greedy") as first, BodyHold(budget, "other") as second, BodyHold(budget, "third") as third:
        first.grow_to(60)
        second.grow_to(25)  # a quarter, as if a third client were there
        with pytest.raises(Saturated):
            second.grow_to(34)
        third.grow_to(15)


def wait_for(server: ServerProcess, held_bytes: int) -> None:
    deadline_s = time.monotonic() + 10
    while (found := server.metric("classify_body_bytes")) != held_bytes and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert found == held_bytes


def large(arrived: bytes = b"") -> bytes:
    return POST + b"Content-Length: %d\r\n\r\n" % LARGE + arrived


def chunked(*chunks: bytes) -> bytes:
    return POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)


def test_a_hold_grows_and_is_given_back() -> None:
    budget = BodyBudget(10, Metrics())
    with BodyHold(budget, "a") as first, BodyHold(budget, "b") as second:
        for total_bytes in (4, 3, 6):
            first.grow_to(total_bytes)
        second.grow_to(4)
        with pytest.raises(Saturated):
            second.grow_to(5)
    with BodyHold(budget, "a") as alone:
        alone.grow_to(10)


def test_what_does_not_fit_is_refused_at_once(server: ServerProcess, connect: Callable[[bytes], BareClient]) -> None:
    slow = [connect(large(bytes(LARGE - 1))) for _ in range(2)]
    wait_for(server, 2 * LARGE - 2)
    refused = connect(large(bytes(LARGE)))
    assert refused.end().codes() == [(429, "saturated")]
    assert b"\r\nretry-after: 1\r\n" in refused.received
    assert server.client.post("/classify", content=IMAGE).status_code == 200
    slow[1].send(b"x").end()
    assert slow[1].codes() == [(415, "unsupported_image")]
    wait_for(server, LARGE - 1)
    slow[0].socket.close()
    wait_for(server, 0)
    assert server.client.post("/classify", content=bytes(LARGE)).status_code == 415


def test_what_is_announced_and_does_not_come_takes_nothing(server: ServerProcess, connect: Callable[[bytes], BareClient]) -> None:
    for _ in range(9):
        connect(large(b"x"))
    wait_for(server, 9)
    assert server.client.post("/classify", content=bytes(LARGE)).status_code == 415


def test_packed_zeros_take_what_was_sent(server: ServerProcess, connect: Callable[[bytes], BareClient]) -> None:
    packing = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    packed = packing.compress(bytes(LARGE)) + packing.flush(zlib.Z_FULL_FLUSH)
    for _ in range(3):
        connect(POST + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % LARGE + packed)
    wait_for(server, 3 * len(packed))
    assert server.client.post("/classify", content=bytes(LARGE)).status_code == 415


def test_of_many_bodies_those_that_have_come_further_end() -> None:
    """If each were refused where the bytes end, none would come to its end."""
    budget = BodyBudget(100, Metrics(), least_bytes=20)

    async def body(number: int) -> bool:
        try:
            with BodyHold(budget, f"{number % 2}") as hold:
                async with hold.reading():
                    for _ in range(20):
                        await hold.arrive(1)
                        await asyncio.sleep(0)
        except Saturated:
            return False
        return True

    async def bodies() -> list[bool]:
        return await asyncio.gather(*map(body, range(40)))

    assert 4 <= sum(asyncio.run(bodies())) < 40
    assert (budget.held_bytes, budget.read) == (0, set())


def test_for_a_short_body_the_large_one_that_has_least_gives_way() -> None:
    budget = BodyBudget(100, Metrics(), least_bytes=20)

    async def large(client: str, come_bytes: int) -> str:
        try:
            with BodyHold(budget, client) as hold:
                async with hold.reading():
                    await hold.arrive(come_bytes)
                    await asyncio.sleep(20)
        except Saturated:
            return client
        return ""

    async def short() -> set[str]:
        reading = [asyncio.create_task(large(*each)) for each in (("a", 50), ("b", 10), ("c", 20), ("e", 20))]
        await asyncio.sleep(0)
        with BodyHold(budget, "d") as hold:
            with pytest.raises(Saturated):
                hold.expect(2)
            hold.expect(2, short=True)
            await hold.arrive(2)
        given_way = {each.result() for each in (await asyncio.wait(reading, timeout=0.01))[0]}
        for each in reading:
            each.cancel()
        await asyncio.wait(reading)
        return given_way

    assert asyncio.run(short()) == {"b"}
    assert (budget.held_bytes, budget.read) == (0, set())


def test_explanations_whose_bodies_do_not_come_keep_no_turn(server: ServerProcess, connect: Callable[[bytes], BareClient]) -> None:
    for _ in range(MOST_UNDER_WAY):
        connect(large(b"x").replace(b"/classify", b"/explain"))
    wait_for(server, MOST_UNDER_WAY)
    assert server.client.post("/explain", content=b"no image").status_code == 415


def test_a_body_without_a_length_counts_as_it_arrives(server: ServerProcess, connect: Callable[[bytes], BareClient]) -> None:
    connect(large(bytes(LARGE - 1)))
    growing = connect(chunked(bytes(60_000)))
    wait_for(server, LARGE - 1 + 60_000)
    least = connect(chunked(bytes(30_000)))
    wait_for(server, LARGE - 1 + 90_000)
    refused = server.metric("classify_rejected_total", reason="saturated")
    growing.send(b"%x\r\n" % 20_000 + bytes(20_000) + b"\r\n")
    assert least.codes() == [(429, "saturated")]
    wait_for(server, LARGE - 1 + 80_000)
    assert server.metric("classify_rejected_total", reason="saturated") == refused + 1
    assert growing.send(b"0\r\n\r\n").end().codes() == [(415, "unsupported_image")]


def test_every_end_of_a_request_gives_its_share_back(server: ServerProcess) -> None:
    for content in (IMAGE, b"", b"no image", b"GIF89a", IMAGE + b"FAKE-DAMAGE", bytes(LARGE + 1)):
        server.client.post("/classify", content=content)
        server.client.post("/classify/batch", files=[("image", content[:1000])] * 2)
    server.client.post("/classify?top_k=0", content=IMAGE)
    server.client.post("/classify", content=b"{", headers={"Content-Type": "application/json"})
    wait_for(server, 0)


def test_one_body_fits_in_any_case() -> None:
    with ServerProcess(engines="fake", body_budget_bytes=1) as server:
        assert server.client.post("/classify", content=IMAGE).status_code == 200

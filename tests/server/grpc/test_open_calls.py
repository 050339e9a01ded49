"""A call more than may be open is refused, or gets the place of one that waits for its client, if that client has more."""

import asyncio

import pytest

from server.errors import Saturated
from server.grpc.open_calls import CallPlace, OpenCalls


async def refusal(calls: OpenCalls, client: str) -> str:
    with pytest.raises(Saturated) as refused:
        async with calls.one(client):
            pass
    return str(refused.value)


def test_places() -> None:
    async def opened() -> None:
        calls = OpenCalls(2, "watches", 2)
        async with calls.one("a"):
            async with calls.one("a"):
                assert (await refusal(calls, "b")).startswith("2 watches are open")
            async with calls.one("b"):
                assert calls.is_full
        assert not calls.is_full

    asyncio.run(opened())


def test_one_client_leaves_places_to_others() -> None:
    async def opened() -> None:
        calls = OpenCalls(3, "watches", 1)
        async with calls.one("a"), calls.one("b"):
            assert (await refusal(calls, "a")).startswith("1 watches of this client")
            async with calls.one("c"):
                assert (await refusal(calls, "d")).startswith("3 watches are open")

    asyncio.run(opened())


class Held:
    """Calls in all places, one for each letter, which is its client."""

    def __init__(self, clients: str) -> None:
        self.calls = OpenCalls(len(clients), "calls", 9)
        self.places: list[CallPlace] = []
        self.tasks = [asyncio.create_task(self._hold(client)) for client in clients]

    async def _hold(self, client: str) -> str:
        try:
            async with self.calls.one(client) as place:
                self.places.append(place)
                await asyncio.sleep(60)
        except Saturated as error:
            return str(error)
        raise AssertionError

    async def enters(self, clients: str) -> str:
        """Which of those that asked for a place got one."""
        await asyncio.sleep(0)
        return "".join(client for client in clients if self.calls.enter(client))

    async def gone(self) -> list[int]:
        """The numbers of those that gave way."""
        await asyncio.wait(self.tasks, timeout=0.05)
        done = [number for number, task in enumerate(self.tasks) if task.done()]
        assert all("needed one of the" in self.tasks[number].result() for number in done)
        for task in self.tasks:
            task.cancel()
        return done


def test_the_client_with_most_gives_way_in_the_order_of_waiting() -> None:
    async def opened() -> None:
        held = Held("abbbbcc")
        await asyncio.sleep(0)
        for number in (0, 5, 6, 3, 2, 1):  # and the fourth of b works
            held.places[number].waits()
        held.places[2].waits(60)  # has time until then
        assert await held.enters("dedf") == "def"  # no client that waits has two more than d has
        assert await held.gone() == [1, 3, 5]

    asyncio.run(opened())


def test_none_gives_way_to_a_client_that_has_as_many() -> None:
    async def opened() -> None:
        held = Held("aabbc")
        await asyncio.sleep(0)
        for place in held.places:
            place.waits()
        assert await held.enters("cb") == ""
        assert await held.gone() == []

    asyncio.run(opened())


def test_what_works_does_not_give_way() -> None:
    async def opened() -> None:
        held = Held("aaaa")
        await asyncio.sleep(0)
        for place in held.places:
            place.waits()
            place.works()
        assert await held.enters("b") == ""
        assert await held.gone() == []

    asyncio.run(opened())

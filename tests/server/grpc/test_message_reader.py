"""Messages are read a few at a time; one client takes half of the places at most, and leaves those where nothing comes."""

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest

from server.cli.flags import load_settings
from server.errors import BadRequest, RequestTimeout, Saturated
from server.grpc.message_reader import MessageReader
from server.grpc.open_calls import CallPlace
from server.http.places import PATIENCE_S


class Slow:
    """A call whose message comes when it is told to."""

    def __init__(self) -> None:
        self.came = asyncio.Event()
        self.is_read = False

    async def read(self) -> Any:
        self.is_read = True
        await self.came.wait()
        return b"x"


async def taken(message: bytes) -> bytes:
    return message


def reader(folder: Path, timeout_s: float = 20) -> MessageReader:
    settings = load_settings(evaluation_dir=folder, max_body_bytes=100, body_budget_bytes=450, client_timeout_s=timeout_s)
    return MessageReader.of_images(settings)


def test_a_client_leaves_places_to_others(tmp_path: Path) -> None:
    async def read() -> None:
        places = reader(tmp_path)
        calls = [Slow() for _ in range(6)]
        tasks = [asyncio.create_task(places.read(call, CallPlace("one"), taken)) for call in calls[:3]]
        tasks += [asyncio.create_task(places.read(call, CallPlace(f"client {number}"), taken)) for number, call in enumerate(calls[3:])]
        await asyncio.sleep(0.01)
        assert [call.is_read for call in calls] == [True, True, False, True, True, False]
        for call in calls:
            call.came.set()
        assert await asyncio.gather(*tasks) == [b"x"] * 6

    asyncio.run(read())


def test_a_place_that_does_not_become_free() -> None:
    async def read() -> None:
        places, call, apart = MessageReader(1, 1, 0.05), Slow(), asyncio.Event()

        async def take(message: bytes) -> bytes:
            await apart.wait()
            return message

        call.came.set()
        first = asyncio.create_task(places.read(call, CallPlace("one"), take))
        await asyncio.sleep(0)
        with pytest.raises(Saturated, match="1 messages are being read"):
            await places.read(Slow(), CallPlace("two"), taken)
        apart.set()
        assert await first == b"x"

    asyncio.run(read())


def test_a_message_that_does_not_come(tmp_path: Path) -> None:
    class Ended:
        async def read(self) -> Any:
            return grpc.aio.EOF

    async def read() -> None:
        places = reader(tmp_path, timeout_s=0.01)
        for _ in range(5):
            with pytest.raises(RequestTimeout, match="did not arrive in time"):
                await places.read(Slow(), CallPlace("one"), taken)
        with pytest.raises(BadRequest, match="has no message"):
            await places.read(Ended(), CallPlace("one"), taken)

    asyncio.run(read())


def test_calls_whose_messages_do_not_come_leave_places_to_other_clients() -> None:
    async def read() -> None:
        places = MessageReader(4, 2, 20)
        held = [asyncio.create_task(places.read(Slow(), CallPlace(client), taken)) for client in "aabbaabb"]
        await asyncio.sleep(PATIENCE_S / 2)
        late, call = Slow(), Slow()
        call.came.set()
        waits = asyncio.create_task(places.read(late, CallPlace("c"), taken))
        await asyncio.sleep(0)
        assert not late.is_read  # nobody has waited for long
        assert await places.read(call, CallPlace("d"), taken) == b"x"
        assert late.is_read
        late.came.set()
        assert await waits == b"x"
        done = [number for number, task in enumerate(held) if task.done()]
        assert done == [0, 2]  # the longest of each, and those of the queue go on
        for number in done:
            assert isinstance(held[number].exception(), Saturated)
        for task in held:
            task.cancel()

    asyncio.run(read())


def test_a_call_that_is_given_up_in_the_queue_takes_no_place() -> None:
    async def read() -> None:
        places, first = MessageReader(1, 1, 20), Slow()
        held = asyncio.create_task(places.read(first, CallPlace("one"), taken))
        queued = [asyncio.create_task(places.read(Slow(), CallPlace(client), taken)) for client in ("two", "three")]
        await asyncio.sleep(0)
        queued[0].cancel()
        first.came.set()
        assert await held == b"x"
        queued[1].cancel()  # it has got the place and does not know it yet
        await asyncio.wait(queued)
        assert not places.is_full

    asyncio.run(read())

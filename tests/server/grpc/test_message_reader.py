"""Messages are read a few at a time, and one client takes half of the places at most."""

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest

from server.cli.flags import load_settings
from server.errors import BadRequest, RequestTimeout, Saturated
from server.grpc.message_reader import MessageReader


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
        tasks = [asyncio.create_task(places.read(call, "one", taken)) for call in calls[:3]]
        tasks += [asyncio.create_task(places.read(call, f"client {number}", taken)) for number, call in enumerate(calls[3:])]
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
        first = asyncio.create_task(places.read(call, "one", take))
        await asyncio.sleep(0)
        with pytest.raises(Saturated, match="1 messages are being read"):
            await places.read(Slow(), "two", taken)
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
                await places.read(Slow(), "one", taken)
        with pytest.raises(BadRequest, match="has no message"):
            await places.read(Ended(), "one", taken)

    asyncio.run(read())

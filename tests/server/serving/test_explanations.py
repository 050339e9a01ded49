"""The turns of explanations, and the room in which their pictures are decoded. What is answered: tests/server/api/test_explain_route.py."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from server.cli.flags import load_settings
from server.engines.assembly import decode_room
from server.engines.fleet.waiting_line import DecodeRoom
from server.engines.work import Work
from server.errors import BadRequest, NotFound, Saturated
from server.images.inspection import inspect_image
from server.serving.explanations import MOST_UNDER_WAY, Explainer, runs_of
from tests.level_model import level_png
from tests.server.engines.fleet.test_waiting_line import work
from tests.server.oip.served_app import ServedApp, served_app

IMAGE = inspect_image(level_png(40), 10_000)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedApp]:
    with served_app(tmp_path, engines="fake") as app:
        yield app


def explainer(**settings: Any) -> Explainer:
    return Explainer(load_settings(**settings))


def room_of(served: ServedApp) -> DecodeRoom:
    return decode_room(served.service.settings.decode_budget_bytes)


def test_the_grid_follows_the_limit() -> None:
    assert [runs_of(each) for each in (4, 7, 14)] == [17, 50, 197]
    assert (explainer().grid(None), explainer().grid(14), explainer(explain_runs=17).grid(None)) == (7, 14, 4)
    with pytest.raises(BadRequest, match="Ask for grid=4"):
        explainer(explain_runs=17).grid(5)
    with pytest.raises(NotFound, match="EXPLAIN=true"):
        explainer(explain=False).grid(4)


def test_a_client_has_one_turn_and_all_have_eight() -> None:
    one = explainer()
    with ExitStack() as turns:
        turns.enter_context(one.turn("a"))
        with pytest.raises(Saturated, match="of this client is under way"), one.turn("a"):
            pass
        for number in range(MOST_UNDER_WAY - 1):
            turns.enter_context(one.turn(str(number)))
        with pytest.raises(Saturated, match="of 8 clients are under way"), one.turn("b"):
            pass
    with one.turn("b"):
        pass


def test_a_picture_waits_for_room_and_gives_it_back(served: ServedApp) -> None:
    room, one, model = room_of(served), Explainer(served.service.settings), served.service.models.default.served
    full = work(decoded_bytes=room.most_bytes * 2)

    async def wait() -> tuple[int, int]:
        room.aside.append(full)
        picture = asyncio.create_task(one.small_picture(model, IMAGE))
        await asyncio.sleep(0.1)
        waiting = len(room.aside)
        assert not picture.done()
        room.aside.remove(full)
        assert (await picture).shape == (48, 48, 3)
        return waiting, len(room.aside)

    assert served.run(wait()) == (1, 0)


def test_who_leaves_keeps_the_room_until_the_decoder_is_done(served: ServedApp, monkeypatch: pytest.MonkeyPatch) -> None:
    room, one, model = room_of(served), Explainer(served.service.settings), served.service.models.default.served
    begun, end = Event(), Event()

    def slow(*_: object) -> None:
        begun.set()
        end.wait(10)

    monkeypatch.setattr("server.serving.explanations.small_picture", slow)

    async def leave() -> list[list[Work]]:
        picture = asyncio.create_task(one.small_picture(model, replace(IMAGE, decoded_bytes=77)))
        await asyncio.to_thread(begun.wait, 10)
        picture.cancel()
        await asyncio.sleep(0.05)
        held = [room.aside[:]]
        end.set()
        await asyncio.wait([picture])
        assert picture.cancelled()
        return [*held, room.aside[:]]

    during, after = served.run(leave())
    assert ([each.decoded_bytes for each in during], after) == ([77], [])

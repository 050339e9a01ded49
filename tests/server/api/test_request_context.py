"""A request that its client gives up, and ids."""

import asyncio

import pytest
from starlette.types import Message

from server.api.request_context import TELLS_WHEN_GONE, ClientGone, RequestContext, request_id_of, watch_of


async def waiting(context: RequestContext) -> None:
    with context.unless_abandoned():
        await asyncio.sleep(30)


def test_what_is_awaited_ends_when_the_client_is_gone() -> None:
    async def main() -> None:
        context = RequestContext("id", 0)
        task = asyncio.create_task(waiting(context))
        await asyncio.sleep(0)
        context.abandon()
        with pytest.raises(ClientGone):
            await task
        assert not task.cancelled()
        context.abandon()  # nobody waits any more

    asyncio.run(main())


def test_another_cancellation_stays_one() -> None:
    async def main() -> None:
        task = asyncio.create_task(waiting(RequestContext("id", 0)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_where_the_connection_does_not_tell_receive_is_watched() -> None:
    async def main() -> None:
        messages: asyncio.Queue[Message] = asyncio.Queue()
        context = RequestContext("id", 0)

        async def watched() -> None:
            with context.unless_abandoned(watch_of({"type": "http"}, messages.get)):
                await asyncio.sleep(30)

        task = asyncio.create_task(watched())
        for kind in ("http.request", "http.disconnect"):
            assert not task.done()
            await messages.put({"type": kind})
            await asyncio.sleep(0.01)
        with pytest.raises(ClientGone):
            await task
        with pytest.raises(ClientGone), context.unless_abandoned():  # a client that went before is not served
            raise AssertionError
        with RequestContext("id", 0).unless_abandoned(messages.get):
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1  # the watch has ended with what it watched
        assert watch_of({TELLS_WHEN_GONE: True}, messages.get) is None

    asyncio.run(main())


def test_an_id_is_the_clients_if_it_is_harmless_and_else_new() -> None:
    assert request_id_of({b"x-request-id": b"a-1"}) == "a-1"
    ids = {request_id_of({b"x-request-id": given}) for given in (b"", b'"', b"x" * 65)} | {request_id_of({})}
    assert len(ids) == 4
    assert {len(one) for one in ids} == {16}


def test_nothing_begins_for_a_client_that_is_gone() -> None:
    context = RequestContext("id", 0.0)
    context.abandon()
    with pytest.raises(ClientGone), context.unless_abandoned():
        pytest.fail("it began")

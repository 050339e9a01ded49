"""A request that its client gives up, and ids."""

import asyncio

import pytest

from server.api.request_context import ClientGone, RequestContext, request_id_of


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

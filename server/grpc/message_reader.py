"""Reads the messages of calls, few at once: each may be as large as a body, and gRPC tells its size when all of it is there."""

import asyncio
from typing import Any
from weakref import WeakValueDictionary

import grpc

from server.errors import BadRequest, RequestTimeout
from server.settings import Settings

LEAST = 2


class MessageReader:
    """As many at once as the largest would fit into BODY_BUDGET_BYTES; half of them for one client, so that another one has the rest."""

    def __init__(self, settings: Settings) -> None:
        self.places = max(LEAST, settings.body_budget_bytes // settings.max_body_bytes)
        self._timeout_s = settings.client_timeout_s
        self._free = asyncio.Semaphore(self.places)
        self._clients = WeakValueDictionary[str, asyncio.Semaphore]()

    async def read(self, context: Any, client: str) -> bytes:
        """The message of a call that has one; raises RequestTimeout or BadRequest."""
        own = self._clients.setdefault(client, asyncio.Semaphore(self.places // 2))
        try:
            async with own, self._free, asyncio.timeout(self._timeout_s):
                message = await context.read()
        except TimeoutError:
            raise RequestTimeout("The message did not arrive in time.", "Send it faster, or raise CLIENT_TIMEOUT_S.") from None
        if message is grpc.aio.EOF:
            raise BadRequest("The call has no message.", "Send one message.")
        return bytes(message)

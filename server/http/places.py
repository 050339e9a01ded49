"""The connections of each client. At the limit, a client that has few gets the places of the one that has most."""

import asyncio
from typing import Protocol

from server.api.request_context import client_of
from server.errors import TooManyConnections
from server.http.forwarding_proxies import ForwardingProxies
from server.http.limits import MAX_REFUSED

MORE = 256
"""To look through thousands takes milliseconds: this part of the limit is ended with the one whose place is needed."""
PATIENCE_S = 1.0
"""A connection that has waited less for its client is left alone: a request may be on its way."""


class Held(Protocol):
    """The part of a connection that counts here."""

    client: tuple[str, int] | None
    transport: asyncio.Transport

    def waited_s(self) -> float: ...  # noqa: D102


class Places:
    """At most `limit` connections. A client is an address; of the loopback and of `proxies`, which stand for many, each connection."""

    def __init__(self, limit: int, proxies: ForwardingProxies) -> None:
        self._limit = limit
        self._proxies = proxies
        self._clients: dict[str, set[Held]] = {}
        self._held = 0

    def enter(self, connection: Held) -> TooManyConnections | None:
        """Count a connection; returns the refusal of one that is too many, and resets it if so many are being refused already."""
        own = self._clients.setdefault(self._client_of(connection), set())
        own.add(connection)
        self._held += 1
        if self._held > self._limit:
            self._end_others(len(own))
        if self._held > self._limit + MAX_REFUSED:
            connection.transport.abort()
        elif self._held > self._limit:
            return TooManyConnections("This server has reached its limit of connections.", "Try again in a moment.")
        return None

    def leave(self, connection: Held) -> None:
        """Count one no more; to do it again changes nothing."""
        client = self._client_of(connection)
        own = self._clients.get(client, set())
        if connection in own:
            own.remove(connection)
            self._held -= 1
            if not own:
                del self._clients[client]

    def _end_others(self, own: int) -> None:
        """End those of the client with the most that have waited longest for it; none if it has no more than the `own` of the newcomer."""
        if len(self._clients) == self._held:
            return
        most = max(self._clients.values(), key=len)
        wanted = min(len(most) - own, self._held - self._limit + self._limit // MORE)
        longest = sorted(most, key=lambda each: each.waited_s(), reverse=True)[: max(0, wanted)]
        for each in longest:
            if each.waited_s() > PATIENCE_S:
                self.leave(each)
                each.transport.abort()

    def _client_of(self, connection: Held) -> str:
        host, port = connection.client or ("", 0)
        return f"{host}:{port}" if self._proxies.lists(host) else client_of({"client": (host, port)})

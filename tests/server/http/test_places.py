"""At the limit of connections a client with few gets a place of the one with most, which has waited longest."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from server.errors import TooManyConnections
from server.http.forwarding_proxies import NO_PROXIES, ForwardingProxies
from server.http.limits import MAX_REFUSED
from server.http.places import PATIENCE_S, Places
from tests.server.bare_client import LAST, BareClient
from tests.server.process import ServerProcess

MANY, FEW = "10.0.0.1", "10.0.0.2"
LIVE = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"
SLOW_BODY = b"POST /classify HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"
MOST = 24


class Line(asyncio.Transport):
    is_ended = False

    def abort(self) -> None:
        self.is_ended = True


class Made:
    """A connection; a port makes it one of its own."""

    def __init__(self, host: str, waited_s: float = 60.0, port: int = 1) -> None:
        self.client: tuple[str, int] | None = (host, port)
        self.transport: asyncio.Transport = Line()
        self._waited_s = waited_s

    def waited_s(self) -> float:
        return self._waited_s

    @property
    def is_ended(self) -> bool:
        return isinstance(self.transport, Line) and self.transport.is_ended


def filled(places: Places, *connections: Made) -> list[Made]:
    for connection in connections:
        assert places.enter(connection) is None
    return list(connections)


def test_a_client_with_few_gets_the_place_that_waited_longest() -> None:
    places = Places(6, NO_PROXIES)
    many = filled(places, *(Made(MANY, waited_s) for waited_s in (0.0, 5.0, 9.0, 2.0, 7.0, PATIENCE_S)))
    filled(places, *(Made(FEW, 0.0) for _ in range(2)))
    assert [each.is_ended for each in many] == [False, False, True, False, True, False]


def test_it_leaves_as_many_as_the_newcomer_has() -> None:
    places = Places(4, NO_PROXIES)
    many = filled(places, *(Made(MANY, waited) for waited in (1.1, 4.0, 3.0, 2.0)))
    newcomers = filled(places, Made(FEW), Made(FEW))
    assert [each.is_ended for each in many] == [False, True, True, False]
    assert isinstance(places.enter(Made(FEW)), TooManyConnections)
    assert not any(each.is_ended for each in newcomers)


def test_of_thousands_some_are_ended_at_once() -> None:
    places = Places(1024, NO_PROXIES)
    many = filled(places, *(Made(MANY) for _ in range(1024)))
    ended = []
    for _ in range(6):
        filled(places, Made(FEW))
        ended.append(sum(each.is_ended for each in many))
    assert ended == [5, 5, 5, 5, 5, 10]


@pytest.mark.parametrize("waited_s", [0.0, PATIENCE_S])
def test_nobody_who_is_served_gives_way(waited_s: float) -> None:
    places = Places(3, NO_PROXIES)
    many = filled(places, *(Made(MANY, waited_s) for _ in range(3)))
    assert isinstance(places.enter(Made(FEW)), TooManyConnections)
    assert not any(each.is_ended for each in many)


def test_the_client_with_most_gets_nothing() -> None:
    places = Places(3, NO_PROXIES)
    held = filled(places, *(Made(MANY) for _ in range(2)), Made(FEW))
    refused = [Made(MANY) for _ in range(MAX_REFUSED + 1)]
    told = [places.enter(each) for each in refused]
    assert all(isinstance(each, TooManyConnections) for each in told[:-1])
    assert (told[-1], refused[-1].is_ended) == (None, True)
    assert not any(each.is_ended for each in (*held, *refused[:-1]))
    for each in (*refused, *refused, held[0]):
        places.leave(each)
    assert places.enter(Made(MANY)) is None


@pytest.mark.parametrize(("host", "proxies"), [("127.0.0.1", ""), ("10.9.0.7", "10.9.0.0/16")])
def test_a_proxy_stands_for_many_clients(host: str, proxies: str) -> None:
    places = Places(4, ForwardingProxies(proxies))
    behind = filled(places, *(Made(host, port=port) for port in (1, 2)))
    many = filled(places, Made(MANY), Made(MANY))
    filled(places, Made(host, port=3))
    assert [each.is_ended for each in (*behind, *many)] in ([False, False, True, False], [False, False, False, True])
    assert isinstance(places.enter(Made(host, port=4)), TooManyConnections)


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess(engines="fake", max_connections=MOST) as server:
        yield server


@pytest.mark.parametrize("sent", [b"", LIVE, LIVE[:-4], SLOW_BODY], ids=["silent", "idle", "slow head", "slow body"])
def test_one_address_cannot_keep_others_out(server: ServerProcess, sent: bytes) -> None:
    with ExitStack() as clients:
        for _ in range(MOST):
            held = clients.enter_context(socket.create_connection(server.address, source_address=("127.0.0.2", 0)))
            held.sendall(sent)
        time.sleep(PATIENCE_S + 0.5)
        others = [clients.enter_context(BareClient(server.address)) for _ in range(3)]
        assert [each.send(LAST).codes() for each in others] == [[(200, None)]] * 3

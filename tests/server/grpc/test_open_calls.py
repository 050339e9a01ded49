"""A call more than may be open is refused; its place is free when another one ends."""

import pytest

from server.errors import Saturated
from server.grpc.open_calls import OpenCalls


def test_places() -> None:
    calls = OpenCalls(2, "watches", 2)
    with calls.one("a"):
        with calls.one("a"), pytest.raises(Saturated, match="2 watches are open"), calls.one("b"):
            pass
        with calls.one("b"):
            pass


def test_one_client_leaves_places_to_others() -> None:
    calls = OpenCalls(3, "watches", 1)
    with calls.one("a"), calls.one("b"):
        with pytest.raises(Saturated, match="1 watches of this client"), calls.one("a"):
            pass
        with calls.one("c"), pytest.raises(Saturated, match="3 watches are open"), calls.one("d"):
            pass

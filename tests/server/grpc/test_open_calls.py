"""A call more than may be open is refused; its place is free when another one ends."""

import pytest

from server.errors import Saturated
from server.grpc.open_calls import OpenCalls


def test_places() -> None:
    calls = OpenCalls(2, "watches")
    with calls.one():
        with calls.one(), pytest.raises(Saturated, match="2 watches are open"), calls.one():
            pass
        with calls.one():
            pass

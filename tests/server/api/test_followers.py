from contextlib import ExitStack

import pytest

from server.api.followers import EACH, MOST, Followers
from server.errors import Saturated


def test_a_client_has_a_part_of_the_streams() -> None:
    followers = Followers()
    with ExitStack() as streams:
        for number in range(MOST):
            client = str(number // EACH)
            followers.check(client)
            streams.enter_context(followers.one(client))
            if number == EACH - 1:
                with pytest.raises(Saturated, match="16 streams of events of this client are open"):
                    followers.check(client)
        with pytest.raises(Saturated, match="64 streams of events are open"):
            followers.check("another")
    followers.check("another")

"""Places of evaluations that wait."""

from contextlib import suppress

import pytest

from server.evaluation.evaluation_errors import EvaluationsFull
from server.evaluation.jobs.waiting_places import KEPT, MAX_WAITING, WaitingPlaces


def filled(places: WaitingPlaces, waiting: list[str], client: str) -> None:
    """Queue as many as the client may."""
    with suppress(EvaluationsFull):
        while True:
            places.check(waiting, client)
            places.take(waiting, f"{client}{len(waiting)}", client)
            waiting.append(f"{client}{len(waiting)}")


def test_who_has_one_leaves_the_last_places_to_others() -> None:
    places, waiting = WaitingPlaces(), ["resumed"]
    filled(places, waiting, "a")
    assert len(waiting) == MAX_WAITING - KEPT
    for number, client in enumerate("bcde", 1):
        filled(places, waiting, client)
        assert len(waiting) == MAX_WAITING - KEPT + number
    with pytest.raises(EvaluationsFull, match="16 evaluations are waiting, the limit of this server"):
        places.check(waiting, "f")


def test_one_that_has_begun_counts_for_nobody() -> None:
    places, waiting = WaitingPlaces(), [str(number) for number in range(MAX_WAITING - KEPT)]
    places.take(waiting, "a", "a")
    places.check(waiting, "a")
    with pytest.raises(EvaluationsFull, match="12 evaluations are waiting, one of yours among them"):
        places.check([*waiting[1:], "a"], "a")

"""The window of an engine."""

from concurrent.futures import Future
from dataclasses import replace
from time import monotonic

import pytest

from server.engines.work import BASE_COST_S, MAX_REMEMBERED, InferenceRequest, InFlight
from server.errors import DeadlineExceeded, EngineFailed, EngineUnavailable, Saturated
from server.types import EncodedImage, ImageFormat, Prediction

IMAGE = EncodedImage(b"x", ImageFormat.PNG, 1, 1)


def request(timeout_s: float = 10) -> InferenceRequest:
    return InferenceRequest(IMAGE, "id", monotonic() + timeout_s)


def opened(capacity: int) -> InFlight:
    window = InFlight(lambda: capacity)
    window.open()
    return window


def test_it_counts_to_its_capacity() -> None:
    window = opened(2)
    first, _ = window.admit(request()), window.admit(request())
    with pytest.raises(Saturated):
        window.admit(request())
    first.answer(Prediction((), "test"))
    assert len(window) == 1
    window.admit(request())


def test_a_place_is_free_before_the_answer_is_there() -> None:
    window = opened(1)
    seen: list[int] = []

    class Seen(Future[Prediction]):
        def set_result(self, result: Prediction) -> None:
            seen.append(len(window))
            super().set_result(result)

    work = window.admit(request())
    work.future = Seen()
    work.answer(Prediction((), "test"))
    assert (seen, work.future.done()) == ([0], True)


def test_a_cancelled_work_gives_up_its_image_and_place() -> None:
    window = opened(1)
    work = window.admit(request())
    assert work.future.cancel()
    assert (work.request, work.begin(monotonic()), len(window)) == (None, None, 0)


def test_a_late_work_is_answered_without_being_begun() -> None:
    work = opened(1).admit(request(timeout_s=1))
    assert work.begin(monotonic() + 2) is None
    assert isinstance(work.future.exception(0), DeadlineExceeded)


def test_close_fails_what_is_left_and_a_late_answer_does_no_harm() -> None:
    window = opened(2)
    begun, queued = window.admit(request()), window.admit(request())
    assert begun.begin(monotonic()) is not None
    window.close(0, EngineUnavailable("closing"))
    begun.answer(EngineFailed("too late"))
    assert isinstance(begun.future.exception(0), EngineUnavailable)
    assert queued.future.cancelled()
    with pytest.raises(EngineUnavailable):
        window.admit(request())


def test_a_full_window_takes_a_work_for_one_that_gives_way() -> None:
    window = opened(2)
    held = [window.admit(replace(request(), client="a")) for _ in range(2)]
    assert (window.held_s("a"), window.held_s("b")) == (2 * BASE_COST_S, 0)
    with pytest.raises(Saturated):
        window.admit(replace(request(), client="b"))
    window.admit(replace(request(), client="b"), lambda _newcomer: held[1])
    assert isinstance(held[1].future.exception(0), Saturated)
    assert (len(window), window.held_s("a"), window.held_s("b")) == (2, BASE_COST_S, BASE_COST_S)


def test_no_work_gives_way_where_one_place_makes_no_room() -> None:
    room = 2
    window = InFlight(lambda: room)
    window.open()
    works = [window.admit(request()) for _ in range(2)]
    room = 1  # another model takes its part
    with pytest.raises(Saturated, match="1 images are in flight"):
        window.admit(request(), lambda _: works[0])
    assert not works[0].future.done()


def test_a_client_is_expected_to_send_what_it_sent_last() -> None:
    window, costly = opened(1), replace(request(), image=replace(IMAGE, decode_s=1), client="a")
    window.admit(costly)
    with pytest.raises(Saturated):
        window.admit(replace(costly, client="refused"))
    one_s = 1 + BASE_COST_S
    assert [window.next_held_s(client) for client in ("a", "refused", "new")] == [one_s + one_s, one_s, BASE_COST_S]
    for number in range(MAX_REMEMBERED):
        with pytest.raises(Saturated):
            window.admit(replace(request(), client=f"{number}"))
    assert window.next_held_s("a") == one_s + BASE_COST_S

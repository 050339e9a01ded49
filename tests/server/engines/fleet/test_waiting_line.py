"""Who goes next."""

from dataclasses import replace
from time import monotonic, sleep

import pytest

from server.engines.fake_engine import FakeEngine
from server.engines.fleet import waiting_line
from server.engines.fleet.member import Member
from server.engines.fleet.model_shares import ModelShare, ModelShares
from server.engines.fleet.waiting_line import INVITE_EVERY_S, MAX_CLIENTS, SHORT_AT_ONCE, DecodeRoom, WaitingLine
from server.engines.probe import probe_request
from server.engines.work import Work


def work(timeout_s: float = 10, client: str = "", decode_s: float = 0.0, decoded_bytes: int = 0) -> Work:
    request = probe_request(timeout_s)
    return Work(replace(request, client=client, image=replace(request.image, decode_s=decode_s, decoded_bytes=decoded_bytes)))


def member(places: int = 8) -> Member:
    found = Member(FakeEngine(places))
    found.raise_up()
    return found


def waiting_for(*works: Work, room: DecodeRoom | None = None, share: ModelShare | None = None) -> WaitingLine:
    waiting = WaitingLine(room, share)
    for one in works:
        waiting.append(one)
    return waiting


def test_in_order_as_far_as_there_is_room() -> None:
    works, two = [work() for _ in range(3)], member(places=2)
    waiting = waiting_for(*works)
    assert [waiting.next([[two]]) for _ in range(3)] == [(works[0], two), (works[1], two), None]
    assert len(waiting) == 1


def test_what_was_abandoned_costs_nothing() -> None:
    gone, wanted, one = work(), work(), member()
    gone.request = None
    assert waiting_for(gone, wanted).next([[one]]) == (wanted, one)


def test_what_is_tried_again_goes_first_and_elsewhere_and_holds_nobody_up() -> None:
    failed, full, again, new = member(), member(places=0), work(), work()
    again.avoid = failed
    waiting = waiting_for(new)
    waiting.put_first(again)
    assert waiting.next([[failed, full]]) == (new, failed)
    assert waiting.next([[failed, full]]) is None
    full.put_down("broken")
    assert waiting.next([[failed, full]]) == (again, failed)


def test_what_cannot_be_answered_in_time_is_dropped_when_others_are_there() -> None:
    slow, hurried, patient = member(), work(timeout_s=0.5), work()
    slow.service.measured(0, 1.0)
    waiting = waiting_for(hurried, patient)
    assert waiting.next([[slow]]) == (hurried, None)
    assert waiting.next([[slow]]) == (patient, slow)
    assert waiting_for(hurried).next([[slow]]) == (hurried, None)  # it would keep the engine from those who come next
    assert slow.ended(patient)
    assert waiting_for(hurried).next([[slow]]) == (hurried, slow)


def test_an_image_that_takes_long_to_decode_is_expected_later() -> None:
    one, large = member(), work(timeout_s=0.5, decode_s=1.0)
    one.service.measured(0, 0.1)
    waiting = waiting_for(large, work(timeout_s=0.5))
    assert waiting.next([[one]]) == (large, None)
    assert waiting.next([[one]]) is not None


def test_whose_time_is_over_is_taken_out() -> None:
    late, early = work(timeout_s=0), work()
    waiting = waiting_for(late, early)
    assert waiting.take_overdue(monotonic()) == [late]
    assert len(waiting) == 1


def order(waiting: WaitingLine) -> str:
    one, clients = member(places=1000), ""
    while found := waiting.next([[one]]):
        clients += found.work.client
    return clients


def test_clients_take_turns() -> None:
    assert order(waiting_for(*(work(client=name) for name in "aaaaabbc"))) == "abcabaaa"


def test_a_client_whose_images_take_long_gets_fewer_turns() -> None:
    slow = [work(client="s", decode_s=0.045) for _ in range(3)]  # ten times the cost of the others
    quick = [work(client="q") for _ in range(12)]
    assert order(waiting_for(*slow, *quick)) == "sqqqqqqqqqqsqqs"


def test_a_client_that_was_away_is_not_ahead_of_one_that_was_not() -> None:
    waiting, one = waiting_for(*(work(client="a") for _ in range(4))), member(places=2)
    assert [waiting.next([[one]]) is not None for _ in range(2)] == [True, True]
    for _ in range(2):
        waiting.append(work(client="b"))
    assert order(waiting) == "baba"


def test_when_all_is_done_nobody_is_ahead_of_others() -> None:
    waiting, one = waiting_for(work(client="a", decode_s=0.045), work(client="b")), member()
    under_way = [found.work for _ in range(2) if (found := waiting.next([[one]]))]
    for name in "ab":
        waiting.append(work(client=name))
    assert order(waiting) == "ba"  # while something is under way, what it costs counts
    assert [one.ended(each) for each in under_way] == [True, True]
    for name in "ab":
        waiting.append(work(client=name))
    assert order(waiting) == "ab"


def test_clients_that_come_once_do_not_keep_out_one_that_comes_again() -> None:
    waiting, one, served = waiting_for(*(work(client=name) for name in "abc")), member(places=1), ""
    for name in ("a", *map(str, range(20))):  # there is always one that comes for the first time
        waiting.append(work(client=name))
        found = waiting.next([[one]])
        assert found
        one.ended(found.work)
        served += found.work.client
    assert served.count("a") == 2


def test_clients_that_send_one_image_each_are_forgotten() -> None:
    waiting, one, kept = WaitingLine(), member(places=10 * MAX_CLIENTS), work(client="kept")
    for number in range(3 * MAX_CLIENTS):
        waiting.append(work(client=str(number)))
        assert waiting.next([[one]]) is not None
    assert list(waiting._ends_s) == [str(number) for number in range(2 * MAX_CLIENTS, 3 * MAX_CLIENTS)]
    for number in range(3 * MAX_CLIENTS, 5 * MAX_CLIENTS):
        if number % 100 == 0:
            waiting.append(kept)
        waiting.append(work(client=str(number)))
    assert "kept" in waiting._ends_s
    assert len(waiting._ends_s) == MAX_CLIENTS


def test_few_slow_images_at_once_and_the_others_pass_them() -> None:
    slow, quick, one = [work(decode_s=0.2) for _ in range(3)], work(), member()
    waiting = waiting_for(*slow, quick, room=DecodeRoom(most_slow=2))
    assert [waiting.next([[one]]) for _ in range(4)] == [(slow[0], one), (slow[1], one), (quick, one), None]
    one.ended(slow[0])
    assert waiting.next([[one]]) == (slow[2], one)


def test_decoded_bytes_have_a_budget_and_one_image_always_fits() -> None:
    large, small, one = [work(decoded_bytes=150) for _ in range(2)], work(decoded_bytes=40), member()
    waiting = waiting_for(*large, small, room=DecodeRoom(most_bytes=100))
    assert [waiting.next([[one]]) for _ in range(2)] == [(large[0], one), None]
    assert one.ended(large[0])
    assert waiting.next([[one]]) == (large[1], one)
    assert one.forget() == [large[1]]
    assert waiting.next([[one]]) == (small, one)


def test_fleets_share_a_room_until_one_is_closed() -> None:
    room, old, new = DecodeRoom(most_bytes=100), member(), member()
    share = ModelShares(0).of("")
    before, after = (waiting_for(work(decoded_bytes=80), room=room, share=share) for _ in range(2))
    assert before.next([[old]]) is not None
    assert after.next([[new]]) is None
    before.clear()  # its images have ended, or it has given them up
    assert after.next([[new]]) is not None


def test_an_image_that_takes_long_leaves_bytes_to_the_others() -> None:
    room, one = DecodeRoom(most_bytes=100, most_slow=2), member()
    slow = [work(decode_s=0.2, decoded_bytes=size) for size in (300, 10)]
    quick = [work(decoded_bytes=20) for _ in range(2)]
    waiting = waiting_for(*slow, *quick, room=room)
    assert [waiting.next([[one]]) for _ in range(3)] == [(slow[0], one), (quick[0], one), None]  # a quarter is kept: one of 20, not two
    one.ended(slow[0])
    assert [waiting.next([[one]]) for _ in range(2)] == [(slow[1], one), (quick[1], one)]


def test_images_that_take_long_have_three_quarters_of_the_bytes() -> None:
    one, slow = member(), [work(decode_s=0.2, decoded_bytes=40) for _ in range(2)]
    waiting = waiting_for(*slow, room=DecodeRoom(most_bytes=100, most_slow=2))
    assert [waiting.next([[one]]) for _ in range(2)] == [(slow[0], one), None]


def test_one_that_takes_long_waits_for_a_decoder_to_spare_and_the_others_pass_it() -> None:
    slow, quick, one = [work(decode_s=0.2) for _ in range(2)], work(), member(places=4)
    one.engine.decoders = 2  # type: ignore[misc]
    waiting = waiting_for(*slow, quick, room=DecodeRoom(most_slow=8))
    assert [waiting.next([[one]]) for _ in range(3)] == [(slow[0], one), (quick, one), None]


def test_in_a_full_window_the_last_image_of_who_holds_most_gives_way() -> None:
    first, last, other, again = work(client="a"), work(client="a"), work(client="b"), work(client="a")
    waiting, held_s = waiting_for(first, last, other), {"a": 0.02, "b": 0.005}
    waiting.put_first(again)
    assert waiting.take_loser(held_s.__getitem__, 0.02) is None
    assert [waiting.take_loser(held_s.__getitem__, 0.01) for _ in range(3)] == [last, first, None]
    assert order(waiting) == "ab"


def test_what_an_engine_has_gives_way_to_nobody() -> None:
    waiting = waiting_for(work(client="small"))
    assert waiting.loser({"small": 0.005, "large": 9.0}.__getitem__, 0.01) is None


def test_few_are_invited_at_once_and_a_refusal_is_no_invitation() -> None:
    waiting, held_s = waiting_for(work(client="large")), {"large": 1.0, "small": 0.0}
    assert not waiting.invites(held_s.__getitem__, 1.005)  # to the client that holds most itself
    assert [waiting.invites(held_s.__getitem__, 0.005) for _ in range(3)] == [True, False, False]
    sleep(1.5 * INVITE_EVERY_S)
    assert waiting.invites(held_s.__getitem__, 0.005)


def test_who_has_a_short_body_does_not_wait_for_those_with_large_ones() -> None:
    waiting, held_s = waiting_for(work(client="large")), {"large": 1.0, "small": 0.0}
    assert [waiting.invites(held_s.__getitem__, 0.005, short=short) for short in (False, True, False)] == [True, True, False]
    assert not waiting.invites(held_s.__getitem__, 1.005, short=True)


def test_those_with_short_bodies_may_come_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_line, "INVITE_SHORT_EVERY_S", 0.25)  # a sum of these is exact
    waiting, held_s = waiting_for(work(client="large")), {"large": 1.0, "small": 0.0}

    def invited_at(now_s: float) -> int:
        monkeypatch.setattr(waiting_line, "monotonic", lambda: now_s)
        return sum(waiting.invites(held_s.__getitem__, 0.005, short=True) for _ in range(2 * SHORT_AT_ONCE))

    assert [invited_at(now_s) for now_s in (1.0, 1.625, 1000.0)] == [SHORT_AT_ONCE, 2, SHORT_AT_ONCE]


def test_each_model_is_sure_of_a_part_of_the_room() -> None:
    room, one, other = DecodeRoom(most_bytes=100, most_slow=1), member(), member()
    flooded = waiting_for(*(work(decode_s=0.2, decoded_bytes=70) for _ in range(3)), room=room)
    quiet = waiting_for(*(work(decode_s=0.2, decoded_bytes=30) for _ in range(2)), room=room)
    assert flooded.next([[one]]) is not None
    assert quiet.next([[other]]) is not None
    assert (flooded.next([[one]]), quiet.next([[other]])) == (None, None)


def test_what_is_decoded_aside_takes_room_from_the_engines_and_they_from_it() -> None:
    room, one = DecodeRoom(most_bytes=400, most_slow=1), member()
    large, beside, slow = work(decoded_bytes=350), work(decoded_bytes=40), work(decode_s=1.0, decoded_bytes=10)
    assert room.take_aside(large)
    waiting = waiting_for(work(decoded_bytes=200), beside, room=room)
    assert waiting.next([[one]]) == (beside, one)
    assert waiting.next([[one]]) is None
    assert room.held_bytes == 350 + 40
    assert not room.take_aside(work(decoded_bytes=200))
    room.aside.remove(large)
    assert waiting.next([[one]]) is not None
    assert room.take_aside(slow)
    waiting.append(work(decode_s=1.0))
    assert waiting.next([[one]]) is None

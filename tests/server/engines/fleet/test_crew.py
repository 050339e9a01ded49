"""The members of a fleet, all together."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from server.engines.base import ignore_batch
from server.engines.fake_engine import FakeEngine
from server.engines.fleet.crew import Crew
from server.engines.fleet.member import Member
from server.engines.work import InferenceRequest
from server.errors import EngineUnavailable
from server.images.decode_cost import TURNED_PIXEL_S
from server.types import EncodedImage, ImageFormat


def start(crew: Crew) -> None:
    with ThreadPoolExecutor(1) as preparing:
        crew.start(lambda _member, _work, _outcome: None, ignore_batch, preparing)


def test_all_are_up_and_then_closed() -> None:
    crew = Crew([[Member(FakeEngine(2), "0"), Member(FakeEngine(2), "1")], [Member(FakeEngine(2))]])
    start(crew)
    assert crew.names == ("fake",)
    assert [(status.device, status.answers) for status in crew.statuses()] == [("0", True), ("1", True), ("0", False)]
    crew.close()
    assert {member.down for member in crew.members} == {"not running"}


def test_scores_of_two_kinds_are_refused() -> None:
    logits = FakeEngine(2)
    logits.score_type = "logit"
    with pytest.raises(EngineUnavailable, match="different kinds of scores"):
        start(Crew([[Member(FakeEngine(2))], [Member(logits)]]))


def test_a_turn_before_the_engine_is_paid_for_where_an_engine_needs_it() -> None:
    crew = Crew([[Member(FakeEngine(2))], [Member(FakeEngine(2))]])
    request = InferenceRequest(EncodedImage(b"", ImageFormat.PNG, 100, 100, 6, 0.001, 60_000), "", 0)
    assert crew.priced(request) is request
    crew.members[1].engine.turns_pictures = False  # type: ignore[misc]
    assert crew.priced(request).image.decoded_bytes == 90_000


def test_a_webp_that_is_decoded_before_the_engine_is_paid_for() -> None:
    crew = Crew([[Member(FakeEngine(2))], [Member(FakeEngine(2))]])
    request = InferenceRequest(EncodedImage(b"", ImageFormat.WEBP, 100, 100, 1, 0.001, 60_000), "", 0)
    assert crew.priced(request) is request
    crew.members[1].engine.reads_webp = False  # type: ignore[misc]
    priced = crew.priced(request).image
    assert (priced.decoded_bytes, priced.decode_s) == (90_000, 0.001 + TURNED_PIXEL_S * 10_000)

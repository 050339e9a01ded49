"""One engine on several chips."""

from concurrent.futures import Future
from time import monotonic

from server.engines.base import InferenceRequest
from server.engines.fake_engine import FakeEngine
from server.engines.fleet.member import Member
from server.engines.fleet.pool import Pool
from server.types import Prediction
from tests.level_model import level_image


def submit(pool: Pool) -> Future[Prediction]:
    return pool.submit(InferenceRequest(level_image(1), "test", monotonic() + 10))


def test_the_chip_with_the_fewest_images_is_asked_and_one_that_is_down_is_not() -> None:
    members = [Member(FakeEngine(latency_s=0.05), str(device)) for device in range(3)]
    pool = Pool(members, 64, hold=False)
    pool.start()
    futures = [submit(pool) for _ in range(6)]
    assert [len(member.attempts) for member in members] == [2, 2, 2]
    members[1].engine.close(0)
    futures += [submit(pool) for _ in range(6)]
    assert all(future.result(10).scores for future in futures)
    assert pool.health().ok
    pool.close(1)

"""What one model may use while others want it too."""

from server.engines.fake_engine import FakeEngine
from server.engines.fleet.member import Member
from server.engines.fleet.model_shares import ModelShare, ModelShares, fair_limit
from server.engines.probe import probe_request
from server.engines.work import Work


class Load:
    """The images of one model: in flight, and at its engine."""

    def __init__(self, share: ModelShare, device: str = "0") -> None:
        self.share, self.works = share, list[int]()
        self.member = Member(FakeEngine(places=8), device)
        share.join(self.works, [self.member])

    def hold(self, in_flight: int, begun: int = 0) -> None:
        self.works[:] = range(in_flight)
        self.member.under_way = {Work(probe_request(1)) for _ in range(begun)}


def loads(cores: int, *devices: str) -> tuple[Load, ...]:
    shares = ModelShares(window=64, cores=cores)
    return tuple(Load(shares.of(str(number)), device) for number, device in enumerate(devices))


def test_a_part_is_sure_and_what_is_left_may_be_used() -> None:
    assert [fair_limit(64, others) for others in ([], [0], [20], [64], [64, 64])] == [64, 64, 44, 32, 21]
    assert fair_limit(8, [8, 8], least=5) == 5


def test_a_flooded_model_leaves_the_window_of_another() -> None:
    flooded, quiet = loads(2, "0", "0")
    flooded.hold(64)
    assert (flooded.share.window, quiet.share.window) == (64, 32)
    quiet.hold(10)
    assert (flooded.share.window, quiet.share.window) == (54, 32)


def test_the_cores_that_another_uses_are_left_to_it() -> None:
    flooded, quiet = loads(4, "0", "0")
    flooded.hold(64, begun=4)
    assert flooded.share.may_begin()
    quiet.hold(1)
    assert (flooded.share.may_begin(), quiet.share.may_begin()) == (False, True)
    flooded.hold(64, begun=2)
    assert flooded.share.may_begin()
    flooded.hold(64, begun=3)
    quiet.hold(0)
    assert not flooded.share.may_begin()  # its next image may come soon
    quiet.share._peak_s -= 1
    assert flooded.share.may_begin()


def test_each_model_may_always_begin_one() -> None:
    every = loads(1, "0", "0", "0")
    for each in every:
        each.hold(9, begun=1)
    assert not any(each.share.may_begin() for each in every)
    every[1].hold(9)
    assert [each.share.may_begin() for each in every] == [False, True, False]


def test_models_on_other_chips_do_not_meet() -> None:
    flooded, same, other = loads(0, "0", "0", "1")
    flooded.hold(64, begun=7)
    other.hold(9)
    assert flooded.share.may_begin()
    same.hold(9)
    assert not flooded.share.may_begin()


def test_a_reload_is_one_share() -> None:
    shares = ModelShares(64)
    first, second, other = Load(shares.of("a")), Load(shares.of("a")), Load(shares.of("b"))
    first.hold(10)
    second.hold(20)
    assert (first.share is second.share, first.share.held, other.share.window) == (True, 30, 34)
    first.share.leave(first.works)
    assert other.share.window == 44


def test_an_image_beside_the_others_takes_no_part_from_them() -> None:
    busy, shadow = loads(2, "0", "0")
    busy.hold(64, begun=1)
    with shadow.share.beside():
        shadow.hold(1, begun=1)
        assert busy.share.may_begin()
    assert not busy.share.may_begin()


def test_room_to_spare_leaves_a_core_for_the_next() -> None:
    one, other = loads(3, "0", "0")
    assert one.share.has_spare_room()
    other.hold(1)
    assert one.share.has_spare_room()
    one.hold(1)
    assert not one.share.has_spare_room()
    single, second = loads(1, "0", "0")
    assert single.share.has_spare_room()
    second.hold(1)
    assert not single.share.has_spare_room()


def test_room_to_spare_of_a_chip_is_its_places() -> None:
    one, same, elsewhere = loads(0, "0", "0", "1")
    elsewhere.hold(64)
    same.hold(6)
    assert one.share.has_spare_room()
    same.hold(7)
    assert not one.share.has_spare_room()

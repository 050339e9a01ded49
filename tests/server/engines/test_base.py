"""What is said of every engine."""

from server.engines.base import engine_names
from server.engines.fake_engine import FakeEngine
from server.engines.fleet.chain import Chain
from server.engines.fleet.member import Member
from server.engines.fleet.pool import Pool


def test_every_engine_on_every_chip_is_told_and_which_one_answers() -> None:
    standby = FakeEngine()
    standby.name = "standby"
    pool = Pool([Member(FakeEngine(), str(device)) for device in range(2)], 8, hold=False)
    chain = Chain([Member(pool), Member(standby)], 8, lambda *_: None)
    chain.start()
    assert [(one.name, one.device, one.up, one.answers) for one in chain.statuses()] == [
        ("fake", "0", True, True),
        ("fake", "1", True, True),
        ("standby", "0", True, False),
    ]
    assert engine_names(chain) == ("fake", "standby")
    chain.members[0].put_down("tried")
    assert [one.answers for one in chain.statuses()] == [False, False, True]
    assert chain.name == "standby"
    chain.close(0)
    assert engine_names(standby) == ("standby",)

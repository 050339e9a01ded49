import pytest

from tests.part_or_all import some_or_many

pytest.importorskip("mxclassify", reason="make mxbase builds it")


@some_or_many("requests", 200, 2000)
def test_a_short_soak(capsys: pytest.CaptureFixture[str], requests: int) -> None:
    from tests.soak.mxbase import main

    assert main(requests) == 0
    told = capsys.readouterr().out
    assert f"undecodable {requests // 20}, wrong: 0" in told.replace("; wrong", ", wrong")
    assert f"expired {requests // 50}, " in told

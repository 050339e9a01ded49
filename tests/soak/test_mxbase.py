import pytest

pytest.importorskip("mxclassify", reason="make mxbase builds it")


def test_a_short_soak(capsys: pytest.CaptureFixture[str]) -> None:
    from tests.soak.mxbase import main

    assert main(2000) == 0
    told = capsys.readouterr().out
    assert "undecodable 100, wrong: 0" in told.replace("; wrong", ", wrong")
    assert "expired 40, " in told

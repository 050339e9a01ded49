import logging

import pytest

from server.cli.flags import load_settings
from server.engines import second_model
from server.engines.second_model import wants_second_model
from server.types import Runtime


@pytest.fixture(autouse=True)
def _two_hundred_mb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_model, "resident_bytes", lambda: 200_000_000)
    second_model._first_bytes.cache_clear()


@pytest.mark.parametrize(
    ("mode", "runtime", "cores", "devices", "megabytes", "wanted"),
    [
        ("auto", "cpu", 2, 1, 5.9, True),
        ("auto", "cpu", 2, 1, 6.1, False),
        ("auto", "cpu", 2, 1, 0, False),  # the size is not known
        ("on", "cpu", 2, 1, 400, True),
        ("on", "cpu", 2, 1, 0, True),
        ("off", "cpu", 2, 1, 1, False),
        ("on", "cpu", 1, 1, 1, False),
        ("on", "cpu", 2, 2, 1, False),
        ("on", "ascend", 2, 1, 1, False),
    ],
)
def test_who_wants_it(mode: str, runtime: Runtime, cores: int, devices: int, megabytes: float, wanted: bool) -> None:
    assert wants_second_model(load_settings(latency_mode=mode), runtime, cores, devices, int(megabytes * 1e6)) is wanted


def test_a_reload_decides_as_the_start_did(monkeypatch: pytest.MonkeyPatch) -> None:
    decided = []
    for bytes_now in (70_000_000, 250_000_000):
        monkeypatch.setattr(second_model, "resident_bytes", lambda bytes_now=bytes_now: bytes_now)
        decided.append(wants_second_model(load_settings(latency_mode="auto"), "cpu", 2, 1, 4_000_000))
    assert decided == [False, False]


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("auto", "a request alone uses one core: a second model for all cores takes up to 52 MB. LATENCY_MODE=on has it."),
        ("on", "a request alone uses all cores, by a second model that takes up to 52 MB. LATENCY_MODE=off goes without."),
    ],
)
def test_the_cost_is_told(mode: str, told: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        wants_second_model(load_settings(latency_mode=mode), "cpu", 2, 1, 18_810_897)
    assert [record.message for record in caplog.records] == [told]

"""Damage that only a decoder's text on C's stderr tells of."""

import ctypes
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Self

import cv2
import numpy as np
import pytest

from pipelines.cpu import decoder_warnings
from pipelines.cpu.decoder_warnings import StderrTrap, decode_unwarned, listen_through, open_trap
from pipelines.cpu.elements.frame import Pixels

SOFT = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 256, (120, 160, 3), np.uint8), (0, 0), 4)
JPEG = cv2.imencode(".jpg", SOFT)[1].tobytes()
MIDDLE = len(JPEG) // 2
DAMAGED = JPEG[:MIDDLE] + JPEG[MIDDLE + 40 :]
LIBC = ctypes.PyDLL(None)


def read(data: bytes) -> Pixels | None:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def c_stderr() -> int | None:
    return ctypes.c_void_p.in_dll(LIBC, "stderr").value


@contextmanager
def nothing_printed(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    capfd.readouterr()
    yield
    assert capfd.readouterr().err == ""


def test_opencv_alone_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    assert read(DAMAGED) is not None
    assert capfd.readouterr().err.startswith("Corrupt JPEG data")


def test_damage_is_noticed_and_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    with nothing_printed(capfd):
        assert decode_unwarned(read, DAMAGED) is None
        np.testing.assert_array_equal(decode_unwarned(read, JPEG), read(JPEG))
        assert decode_unwarned(read, b"no image") is None


def test_each_thread_hears_of_its_own_picture(capfd: pytest.CaptureFixture[str]) -> None:
    with nothing_printed(capfd), ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: decode_unwarned(read, DAMAGED if number % 3 else JPEG) is None, range(600)))
    assert answers == [bool(number % 3) for number in range(600)]


def test_outside_a_decode_stderr_is_what_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    before = c_stderr()

    def failing(_data: bytes) -> None:
        assert c_stderr() != before
        raise ValueError("failed")

    with pytest.raises(ValueError, match="failed"):
        decode_unwarned(failing, b"")
    assert c_stderr() == before
    LIBC.perror(b"heard")
    assert capfd.readouterr().err.startswith("heard: ")


def test_a_platform_without_the_functions_is_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert open_trap(SimpleNamespace()) is None
    assert "cannot be read on this platform" in caplog.text


def test_another_s_trap_is_used_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    """As mxclassify's, where both engines decode in one process."""
    entered: list[Any] = []

    class Trap(StderrTrap):
        def __enter__(self) -> Self:
            entered.append(self)
            return super().__enter__()

    trap = Trap(LIBC)
    monkeypatch.setattr(decoder_warnings, "_shared", [])
    try:
        listen_through(trap)
        assert decode_unwarned(read, DAMAGED) is None
        assert decode_unwarned(read, JPEG) is not None
        assert entered == [trap, trap, trap]  # a damaged JPEG is decoded once more without its end
    finally:
        monkeypatch.undo()
        decoder_warnings._process_trap.cache_clear()

"""What the environment says is what is measured."""

import os
from importlib.util import find_spec

import pytest

from tests.bench import chosen


def test_options_go_into_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRECISION", "bf16")
    monkeypatch.setenv("ENGINES", "stream")
    chosen.choose(precision=None, engines="mxbase,stream")
    assert (chosen.precision(), os.environ["ENGINES"], chosen.engines()) == ("bf16", "mxbase,stream", "both")
    chosen.choose(precision="int8")
    assert (chosen.precision(), chosen.engines()) == ("int8", "both")


def test_without_a_word_it_is_f32_and_what_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PRECISION", "ENGINES"):
        monkeypatch.delenv(name, raising=False)
    assert (chosen.precision(), chosen.engines()) == ("f32", "both" if find_spec("mxclassify") else "stream")


@pytest.mark.parametrize("engine", ["stream", "mxbase"])
def test_one_engine_is_told_by_its_name(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINES", engine)
    assert chosen.engines() == engine

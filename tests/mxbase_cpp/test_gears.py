"""Models that were compiled for several batch sizes: what a neighbour or padding does to an answer, which is nothing."""

import time
from pathlib import Path
from typing import Any

import pytest

from convert.prepare import prepare
from models.store import ModelStore
from tests.mxbase_cpp.conftest import Running, classifying
from tests.mxbase_cpp.test_parity import varied

Answers = dict[int, list[tuple[int, float]]]


@pytest.fixture(scope="module")
def images() -> list[bytes]:
    return list(varied(step=7))


@pytest.fixture(scope="module")
def alone(images: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """The answers of batches of one."""
    with classifying(prepare("resnext_digits", ModelStore(tmp_path_factory.mktemp("alone")))) as running:
        results = [running.answer(image) for image in images]
    assert {result[5:7] for result in results} == {(1, 1)}
    return {number: result[3] for number, result in enumerate(results)}


@pytest.fixture
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    with classifying(prepare("resnext_digits", ModelStore(tmp_path), batch_sizes=request.param)) as running:
        yield running


def check_same(best: list[tuple[int, float]], expected: list[tuple[int, float]]) -> None:
    """By class: classes that are all but equal may change places."""
    assert dict(best) == pytest.approx(dict(expected), abs=1e-5, rel=0)
    assert dict(expected)[best[0][0]] == pytest.approx(expected[0][1], abs=1e-5, rel=0)


@pytest.mark.parametrize("running", [(1, 2, 4, 8)], indirect=True)
def test_in_company(running: Running, images: list[bytes], alone: Answers) -> None:
    sizes, costs_s = zip(*running.classifier.gears, strict=True)
    assert sizes == (1, 2, 4, 8)
    assert min(costs_s) > 0
    deadline_s = time.monotonic() + 60
    for number, image in enumerate(images[:64]):
        assert running.classifier.submit(number, image, deadline_s)
    running.classifier.close(60)
    assert sorted(running.results) == list(range(64))
    for number, outcome, _, best, _, batch, gear, _ in running.results.values():
        assert outcome == "ok"
        assert 1 <= batch <= gear
        assert gear in sizes
        check_same(best, alone[number])
    assert max(result[5] for result in running.results.values()) > 1


@pytest.mark.parametrize("running", [(4,), (4, 8)], indirect=True, ids=["static", "dynamic"])
def test_padded(running: Running, images: list[bytes], alone: Answers) -> None:
    """One image where the smallest batch has four places; the other three hold what was there before."""
    for number, image in enumerate(images[:20]):
        result = running.answer(image)
        assert result[5:7] == (1, 4)
        check_same(result[3], alone[number])

"""The first hour on an Atlas, executed; docs/ascend-hour.md shows this run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.store import ModelStore
from tests.deploy.programs import needs_compose, needs_prometheus
from tests.hour.bare_host import BareHost
from tests.hour.steps import STEPS
from tests.hour.transcript import PAGE, page, run, steady

pytestmark = needs_compose


@pytest.fixture
def host(tmp_path: Path, model_store: ModelStore) -> Iterator[BareHost]:
    host = BareHost(tmp_path / "host", model_store)
    yield host
    host.close()


@needs_prometheus
def test_the_hour_prints_what_the_page_shows(host: BareHost) -> None:
    assert steady(page(list(run(host)))) == steady(PAGE.read_text("utf-8")), "docs/ascend-hour.md is stale: make hour-page"


@pytest.mark.smoke
def test_the_first_steps_print_what_the_page_shows(host: BareHost) -> None:
    """Clone, key, settings and chips."""
    shown = steady(PAGE.read_text("utf-8"))
    for ran in run(host, STEPS[:3]):
        assert ran.step.commands in PAGE.read_text("utf-8")
        assert steady(ran.printed) in shown
    assert (host.clone / "key").stat().st_mode & 0o777 == 0o644


def test_another_output_is_noticed() -> None:
    assert steady("class 285 0.784 in 1.2 s") == steady("class 285 0.785 in 33.4 s")
    assert steady('"class_id": 285') != steady('"class_id": 286')

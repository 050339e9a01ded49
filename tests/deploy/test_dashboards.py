"""The dashboards: what Grafana wants of them, and what people want."""

import re
from itertools import pairwise
from typing import Any

import pytest

from server.telemetry.metrics import Metrics
from tests.deploy.dashboards import dashboards, metrics_of, panels, queries
from tests.deploy.places import DEPLOY, PROMETHEUS

DASHBOARDS = dashboards()
SECONDS = {"s": 1, "m": 60}
# Suffixes that a family's name does not have and its series do.
SERIES = re.compile(r"_(?:total|bucket|sum|count)$")


@pytest.fixture(params=DASHBOARDS)
def dashboard(request: pytest.FixtureRequest) -> dict[str, Any]:
    return DASHBOARDS[str(request.param)]


def test_panels_have_what_a_reader_needs(dashboard: dict[str, Any]) -> None:
    for panel in panels(dashboard):
        assert panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        if panel["type"] not in ("heatmap", "table", "state-timeline"):
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


def test_ids_are_unique(dashboard: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    assert len({each["uid"] for each in DASHBOARDS.values()}) == len(DASHBOARDS)


def test_panels_fill_the_grid_without_overlap(dashboard: dict[str, Any]) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        grid = panel["gridPos"]
        cells = {(x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])}
        assert not cells & taken, panel["title"]
        assert grid["x"] + grid["w"] <= 24
        taken |= cells
    lines = sorted({y for _, y in taken})
    assert all(after == before + 1 for before, after in pairwise(lines))
    assert all(len({x for x, y in taken if y == line}) == 24 for line in lines)


def test_every_panel_asks_the_chosen_data_source(dashboard: dict[str, Any]) -> None:
    for panel in panels(dashboard):
        assert {each["datasource"]["uid"] for each in (panel, *panel["targets"])} == {"${datasource}"}


def test_nobody_changes_what_is_provisioned(dashboard: dict[str, Any]) -> None:
    assert dashboard["editable"] is False
    assert "allowUiUpdates: false" in (DEPLOY / "grafana/provisioning/dashboards/dashboards.yml").read_text("utf-8")


def test_every_metric_of_ours_is_shown_and_no_other() -> None:
    ours = {family.name for family in Metrics().registry.collect() if family.name.startswith("classify_")}
    read = {SERIES.sub("", name) for query in queries() for name in metrics_of(query.expr) if name.startswith("classify_")}
    assert sorted(read ^ ours) == [
        "classify_evaluation_running",
        "classify_label_overflow",
    ]  # its images are shown; always 0 unless a route is wrong


def test_throughput_is_what_the_design_says() -> None:
    headline = next(query for query in queries() if (query.dashboard, query.panel) == ("classification.json", "Throughput"))
    assert headline.expr == 'sum(rate(classify_images_total{outcome="ok",instance=~".*"}[1m]))'


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_panel_stands_in_the_table_of_pictures(name: str) -> None:
    text = (DEPLOY.parent / "docs/metrics.md").read_text("utf-8")
    section = text.partition(f"### {DASHBOARDS[name]['title']}\n")[2].partition("\n#")[0]
    rows = [row.strip("| ").split(" | ") for row in section.splitlines() if row.startswith("| *")]
    assert sorted(title for titles, _ in rows for title in titles.strip("*").split("* · *")) == sorted(
        panel["title"] for panel in panels(DASHBOARDS[name])
    )
    assert all(re.match(r"!\[|no picture: needs |in the first picture", picture) for _, picture in rows)


def test_a_rate_sees_enough_scrapes() -> None:
    """Grafana makes $__rate_interval at least four of the data source's intervals; a rate over a minute wants four scrapes."""
    source = (DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text("utf-8")
    interval = re.search(r"timeInterval: (\d+)([sm])", source)
    assert interval
    minimum_s = 4 * int(interval[1]) * SECONDS[interval[2]]
    scrapes = re.findall(r"scrape_interval: (\d+)([sm])", (PROMETHEUS / "prometheus.yml").read_text("utf-8"))
    assert minimum_s == 60
    assert all(4 * int(number) * SECONDS[unit] <= minimum_s for number, unit in scrapes)

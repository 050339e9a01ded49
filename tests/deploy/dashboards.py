"""The dashboards of the repository, and what their queries ask."""

import json
import re
from dataclasses import dataclass
from typing import Any

from tests.deploy.places import DEPLOY

FOLDER = DEPLOY / "grafana/dashboards"
METRIC = re.compile(r"\b(?:classify|npu_chip|machine|process)_\w+\b|\bup\b|\bALERTS\b")


@dataclass(frozen=True)
class Query:
    """One query of one panel, with what Grafana would put in for its variables."""

    dashboard: str
    panel: str
    expr: str


def dashboards() -> dict[str, dict[str, Any]]:
    """By the name of their files."""
    return {path.name: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """The panels that show something, rows left out."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def filled_in(expr: str) -> str:
    """The query with every host chosen, over a minute: what the data source's 15 s interval makes of $__rate_interval."""
    return expr.replace("$__rate_interval", "1m").replace("$instance", ".*")


def queries() -> list[Query]:
    """Every query of every panel and annotation."""
    found = []
    for name, dashboard in dashboards().items():
        asked = [(panel["title"], target) for panel in panels(dashboard) for target in panel["targets"]]
        asked += [(f"marks: {annotation['name']}", annotation) for annotation in dashboard["annotations"]["list"]]
        found += [Query(name, title, filled_in(each["expr"])) for title, each in asked]
    return found


def page_queries() -> list[Query]:
    """Those that docs/metrics.md offers."""
    text = (DEPLOY.parent / "docs/metrics.md").read_text("utf-8")
    return [Query("metrics.md", expr.split("{")[0][:40], expr) for expr in re.findall(r"```promql\n(.+?)\n```", text, re.DOTALL)]


def metrics_of(expr: str) -> set[str]:
    """The names of the metrics a query reads."""
    return set(METRIC.findall(re.sub(r'"[^"]*"|\{\{.*?}}', "", expr)))

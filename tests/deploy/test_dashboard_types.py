"""The dashboards against Grafana's own types, of the version that deploy/monitoring.yml names."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.dashboards import FOLDER, dashboards, panels
from tests.deploy.places import DEPLOY, ROOT

PACKAGES = ROOT / ".venv/grafana-types/node_modules"  # make test-monitoring brings them
HERE = Path(__file__).with_name("grafana_types")
TSC = (
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "--module",
    "esnext",
    "--moduleResolution",
    "bundler",
    "--target",
    "es2022",
    "--pretty",
    "false",
)
needs_types = pytest.mark.skipif(
    not PACKAGES.exists() or not shutil.which("node"),
    reason="Grafana's types are not here (make .venv/grafana-types/installed; it wants npm)",
)


def test_the_types_are_those_of_the_grafana_that_is_deployed() -> None:
    deployed = re.search(r"grafana/grafana:([\d.]+)", (DEPLOY / "monitoring.yml").read_text("utf-8"))
    wanted = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]["@grafana/schema"]
    assert deployed
    assert deployed[1] == wanted


def broken() -> Iterator[tuple[str, dict[str, Any], str]]:
    """Dashboards with one flaw each, and the word that the compiler names."""
    for flaw in ("graphMod", "hill", "units", "exp"):
        dashboard = dashboards()["classification.json"]
        panel = next(panel for panel in panels(dashboard) if panel["type"] == "stat")
        if flaw == "units":
            panel["fieldConfig"]["defaults"][flaw] = "s"
        elif flaw == "exp":
            panel["targets"][0][flaw] = "up"
        else:
            panel["options"] |= {"graphMode": flaw} if flaw == "hill" else {flaw: "area"}
        yield flaw, dashboard, f'"{flaw}"'


@needs_types
def test_grafana_knows_every_name_and_value(tmp_path: Path) -> None:
    """The compiler finds nothing in the dashboards, and each flaw of those that a test broke."""
    (tmp_path / "node_modules").symlink_to(PACKAGES)
    expected = (HERE / "expected.ts").read_text("utf-8")
    flaws = {name: flaw for name, _, flaw in broken()}
    texts = {path.stem: path.read_text("utf-8") for path in sorted(FOLDER.glob("*.json"))}
    texts |= {name: json.dumps(dashboard, indent=2) for name, dashboard, _ in broken()}
    for name, text in texts.items():
        (tmp_path / f"{name}.ts").write_text(f"{expected}export const dashboard: Expected = {text};\n", "utf-8")
    command = ["node", str(PACKAGES / "typescript/bin/tsc"), *TSC, *(f"{name}.ts" for name in texts)]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False).stdout
    errors = {name: "\n".join(re.findall(rf"^{name}\.ts.*(?:\n .*)*", said, re.MULTILINE)) for name in texts}
    assert {name: text for name, text in errors.items() if text and name not in flaws} == {}, said
    assert {name: flaw in errors[name] for name, flaw in flaws.items()} == dict.fromkeys(flaws, True), said

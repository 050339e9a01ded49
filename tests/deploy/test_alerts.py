"""The alert rules, under promtool."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.deploy.places import PROMETHEUS, ROOT
from tests.deploy.programs import needs_prometheus
from tests.deploy.watching import configuration

ALERTS = (PROMETHEUS / "alerts.yml").read_text("utf-8")
NAMES = re.findall(r"^ +- alert: (\w+)$", ALERTS, re.MULTILINE)
CASES = [Path(__file__).parent / name for name in ("alerts_test.yml", "alerts_over_days_test.yml")]
OPERATIONS = ROOT / "docs/operations.md"


def promtool(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(["promtool", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


@needs_prometheus
def test_the_rules_do_what_they_say() -> None:
    code, said = promtool("test", "rules", *map(str, CASES))
    assert code == 0, said


@needs_prometheus
def test_the_configuration_is_valid(tmp_path: Path) -> None:
    file = configuration(tmp_path, classify="127.0.0.1:1", exporter="127.0.0.1:2", own="127.0.0.1:3", key="")
    code, said = promtool("check", "config", "--lint=all", "--lint-fatal", str(file))
    assert code == 0, said
    assert f"{len(NAMES)} rules found" in said


def test_every_alert_is_tested_firing() -> None:
    fired = re.findall(r"alertname: (\w+)\n +exp_alerts:\n", "".join(cases.read_text("utf-8") for cases in CASES))
    assert set(fired) == set(NAMES)


def test_every_alert_leads_to_its_paragraph() -> None:
    assert re.findall(r"runbook: (\S+)", ALERTS) == [f"docs/operations.md#{name.lower()}" for name in NAMES]


@pytest.mark.skipif(not OPERATIONS.exists(), reason="there is no docs/operations.md")
@pytest.mark.parametrize("name", NAMES)
def test_every_alert_has_its_paragraph(name: str) -> None:
    assert re.search(rf"^#+ {name}$", OPERATIONS.read_text("utf-8"), re.MULTILINE)

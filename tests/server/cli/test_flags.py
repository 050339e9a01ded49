"""One flag for every setting but the secret one."""

import inspect
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from server.cli.flags import with_settings
from server.settings import Settings


def test_every_setting_has_a_flag_that_reaches_it(tmp_path: Path) -> None:
    seen: list[Settings] = []
    command = with_settings(seen.append)
    assert set(inspect.signature(command).parameters) == set(Settings.model_fields) - {"api_key", "otel_exporter_otlp_headers"}
    command(port=1234, model_store=tmp_path, drain_s=None)
    assert (seen[0].port, seen[0].model_store, seen[0].drain_s) == (1234, tmp_path, 30.0)


@pytest.mark.parametrize(("arguments", "insecure"), [([], False), (["--insecure"], True)])
def test_a_switch_needs_no_value(arguments: list[str], insecure: bool) -> None:
    seen: list[Settings] = []
    app = typer.Typer()
    app.command()(with_settings(seen.append))
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert seen[0].insecure is insecure

"""The compose files as Docker Compose v2 sees them: variables filled in, `extends` and overrides carried out, no engine needed."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.deploy.places import COMPOSE, COMPOSE_V2, DEPLOY


def rendered(kind: str, folder: Path, *options: str, **environment: str) -> dict[str, Any]:
    """The configuration that an environment makes of a copy of the file in a folder; raises CalledProcessError if it is refused.

    `options` stand before `config`; without them it has the services of all profiles.
    """
    shutil.copytree(DEPLOY, folder / "deploy", dirs_exist_ok=True)
    (folder / "model_store").mkdir(exist_ok=True)
    shutil.copy(COMPOSE[kind], folder / COMPOSE[kind].name)
    named = options or ("-f", COMPOSE[kind].name, "--profile", "*")
    text = subprocess.check_output(
        [COMPOSE_V2, *named, "config", "--format", "json"], cwd=folder, env={"PATH": os.environ["PATH"]} | environment, text=True
    )
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def nodes(service: dict[str, Any]) -> list[str]:
    """The devices of a service, each of which has its name inside, too."""
    assert all(device["source"] == device["target"] for device in service.get("devices", ()))
    return [device["source"] for device in service.get("devices", ())]

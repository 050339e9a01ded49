"""A compose file as docker-compose sees it: variables filled in, `extends` carried out, no engine needed."""

import io
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.deploy.places import COMPOSE, DEPLOY

# docker-compose 1.29, which Debian 12 has, is from before create_host_path; the schema of today knows it.
NEWER = ", bind: { create_host_path: false }"


def rendered(kind: str, folder: Path, **environment: str) -> dict[str, Any]:
    """The configuration that an environment makes of a copy of the file in a folder; raises CalledProcessError if it is refused."""
    shutil.copytree(DEPLOY, folder / "deploy", dirs_exist_ok=True)
    file = folder / COMPOSE[kind].name
    file.write_text(COMPOSE[kind].read_text("utf-8").replace(NEWER, ""), "utf-8")
    text = subprocess.check_output(
        ["docker-compose", "-f", file.name, "config"], cwd=folder, env={"PATH": os.environ["PATH"]} | environment, text=True
    )
    parsed: dict[str, Any] = YAML(typ="safe").load(io.StringIO(text))
    return parsed

"""Holds the OpenAPI document against a real server: `python -m tests.soak.openapi path/to/schemathesis [OPTION ...]`."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.level_model import level_png
from tests.server.process import NEW_PROCESS, ServerProcess

_LIMITS: dict[str, Any] = {"max_body_bytes": 300_000, "max_upload_bytes": 300_000}
CONFIG = Path(__file__).with_name("schemathesis.toml")


def main(schemathesis: str, *options: str) -> int:
    """Run against a server without a key and against one with a key; 0 when both are clean."""
    return max(check(schemathesis, *options), check(schemathesis, *options, "-H", "X-Api-Key: key", api_key="key"))


def _data_set(folder: Path) -> str:
    """What the document's example evaluates."""
    for level in (0, 4, 8):
        (folder / f"{level}.png").write_bytes(level_png(level))
    (folder / "val_label.txt").write_text("0 0\n4 1\n8 2\n")
    return f"val={folder}"


def check(schemathesis: str, *options: str, **settings: Any) -> int:
    """Run against one server."""
    with (
        TemporaryDirectory() as folder,
        ServerProcess(python=NEW_PROCESS, engines="fake", evaluation_roots=_data_set(Path(folder)), **_LIMITS, **settings) as server,
    ):
        document = server.client.get("/openapi.json", headers={"X-Api-Key": "key"}).json()
        assert {"/classify", "/classify/batch", "/info", "/health/live", "/health/ready", "/metrics", "/evaluate"} <= set(document["paths"])
        command = [schemathesis, "--config-file", str(CONFIG), "run", f"{server.url}/openapi.json", *options]
        code = subprocess.run(command, check=False).returncode
        return code or len(server.troubles())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

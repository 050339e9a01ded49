"""Holds the OpenAPI document against a real server: `python -m tests.soak.openapi path/to/schemathesis`."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.server.process import ServerProcess

CONFIG = Path(__file__).with_name("schemathesis.toml")


def main(schemathesis: str) -> int:
    """Run against a server without a key and against one with a key; 0 when both are clean."""
    return max(check(schemathesis), check(schemathesis, "-H", "X-Api-Key: key", api_key="key"))


def check(schemathesis: str, *options: str, **settings: Any) -> int:
    """Run against one server."""
    with ServerProcess(engines="fake", max_body_bytes=300_000, **settings) as server:
        document = server.client.get("/openapi.json", headers={"X-Api-Key": "key"}).json()
        assert {"/classify", "/classify/batch", "/info", "/health/live", "/health/ready", "/metrics"} <= set(document["paths"])
        command = [schemathesis, "--config-file", str(CONFIG), "run", f"{server.url}/openapi.json", *options]
        code = subprocess.run(command, check=False).returncode
        return code or len(server.troubles())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

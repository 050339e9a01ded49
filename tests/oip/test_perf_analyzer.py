"""Triton's load tool against a real server: it reads metadata, configuration and statistics, and shows the server's part of the time."""

import base64
import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.level_model import level_png
from tests.oip.test_oip_clients import addresses

__all__ = ["addresses"]  # a fixture
PROGRAM = Path(__file__).parents[2] / ".venv/perf_analyzer/perf_analyzer"
REQUESTS = 50


@pytest.mark.skipif(not PROGRAM.exists(), reason="perf_analyzer is not installed: make test-oip")
@pytest.mark.parametrize("way", [(), ("-i", "grpc"), ("-i", "grpc", "--streaming")], ids=["http", "grpc", "streaming"])
def test_it_measures_the_server(way: tuple[str, ...], addresses: tuple[str, str], tmp_path: Path) -> None:
    element = {"content": {"b64": base64.b64encode(level_png(8)).decode()}, "shape": [1]}
    (tmp_path / "in.json").write_text(json.dumps({"data": [{"image": element}]}))
    address = addresses[1 if way else 0]
    load = ["--input-data", str(tmp_path / "in.json"), "--shape", "image:1", "--request-count", str(REQUESTS), "--concurrency-range", "2"]
    done = subprocess.run(
        [str(PROGRAM), "-m", "level", "-u", address, *way, *load], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"Successful request count: {REQUESTS}\n" in done.stdout
    [parts] = re.findall(r"Avg request latency: \d+ usec \((.*)\)", done.stdout)
    times = {name: int(us) for name, us in re.findall(r"(\w[\w ]*?) (\d+) usec", parts)}
    assert set(times) == {"overhead", "queue", "compute input", "compute infer", "compute output"}
    assert times["compute infer"] > 0

"""A long evaluation by a real server, and the memory it takes: `python -m tests.soak.evaluation --images 50000`."""

import argparse
import json
import re
import sys
import tempfile
import time
from pathlib import Path

from tests.level_model import store_level_model
from tests.server.evaluation.level_sets import make_level_set
from tests.server.process import NEW_PROCESS, ServerProcess

MAX_GROWTH_MB = 50
MIB_KB = 1024


def memory_kb(pid: int, kind: str = "VmRSS") -> int:
    """Resident memory of a process: now, or the most it ever was (`VmHWM`)."""
    return int(re.findall(rf"{kind}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[0])


def main(images: int) -> int:
    """Evaluate 500 images, then so many; 0 if the counts are exact and memory has grown by less than 50 MB."""
    with tempfile.TemporaryDirectory() as folder:
        store_level_model(Path(folder) / "store")
        large, little = (make_level_set(Path(folder) / name, number, damaged=True) for name, number in (("large", images), ("little", 500)))
        roots = f"large={large.folder},little={little.folder}"
        with ServerProcess(python=NEW_PROCESS, model_store=Path(folder) / "store", model="level", evaluation_roots=roots) as server:
            _evaluate(server, "little")
            before_kb = memory_kb(server.pid)
            report = _evaluate(server, "large")
            growth_mb = (memory_kb(server.pid, "VmHWM") - before_kb) / MIB_KB
            correct, rate = report["accuracy"]["top1"]["correct"], report["throughput"]["images_per_s"]
    sys.stdout.write(
        f"{images} images, {rate:.0f} images/s, {correct} right; memory {before_kb / MIB_KB:.1f} MB before, at most {growth_mb:+.1f}\n"
    )
    return int(correct != large.correct or growth_mb >= MAX_GROWTH_MB)


def _evaluate(server: ServerProcess, dataset: str) -> dict[str, dict[str, dict[str, float]]]:
    location = server.client.post("/evaluate", json={"dataset": dataset}).headers["location"]
    while server.client.get(location).json()["state"] in ("queued", "running"):
        time.sleep(0.5)
    found: dict[str, dict[str, dict[str, float]]] = json.loads(server.client.get(f"{location}/report").text)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=50_000)
    sys.exit(main(parser.parse_args().images))

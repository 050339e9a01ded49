"""Ten times more requests than can be answered: the rest is refused quickly, and nothing grows."""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import pytest

from server.http.limits import REFUSALS_PER_S
from tests.bench.client import Load, run
from tests.level_model import level_png, store_level_model
from tests.server.process import ServerProcess

WINDOW = 8
SLOW = level_png(8, 1500) + bytes(90_000)  # some 25 ms to decode; what follows an image is not read
FLAT_MIB = 32  # a fifth of the bodies that are sent


@pytest.fixture
def small_server(tmp_path: Path) -> Iterator[ServerProcess]:
    """One stream and a window of eight."""
    store_level_model(tmp_path)
    with ServerProcess(model_store=tmp_path, model="level", streams_per_device=1, window=WINDOW) as server:
        yield server


def resident_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS:"))) * 1024


def test_ten_times_too_many(small_server: ServerProcess, tmp_path: Path) -> None:
    photo = tmp_path / "photo"
    photo.write_bytes(SLOW)
    able = run(Load(small_server.url, str(photo), WINDOW, 1))["rate"]
    rate = min(10 * able, REFUSALS_PER_S)  # clients beyond that are held
    in_flight, memory_bytes = [], []
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(run, Load(small_server.url, str(photo), 256, 3, rate))
        while not load.done():
            in_flight.append(small_server.metric("classify_in_flight"))
            memory_bytes.append(resident_bytes(small_server.pid))
            time.sleep(0.1)
        found = load.result()
    first, last = (median(third) / 2**20 for third in (memory_bytes[: len(memory_bytes) // 3], memory_bytes[-len(memory_bytes) // 3 :]))
    sys.stdout.write(f"{able:.1f} images/s alone; {rate:.0f} sent: {found}; memory {first:.0f} MiB, {last:.0f} MiB in the end\n")
    assert set(found["statuses"]) == {"200", "429"}
    assert found["unsent"] == 0
    assert WINDOW <= max(in_flight) < 2 * WINDOW  # one that loses its place to another client is counted until its refusal leaves
    assert last - first < FLAT_MIB
    assert found["rate"] > able / 10  # other programs may slow the machine down meanwhile
    assert found["p50_ms"] < 3 * 1000 * WINDOW / min(able, found["rate"])
    assert found["refusal_p99_ms"] < max(2000, found["p50_ms"])  # 5 ms on a quiet machine, which the benchmarks print
    assert small_server.client.post("/classify", content=level_png(20)).json()["predictions"][0]["class_id"] == 5
    assert small_server.troubles() == []

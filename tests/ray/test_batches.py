"""`evaluate --ray` on two nodes with four faked chips. It comes first by its name: the replicas of Serve keep the chips to the end."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from shutil import copytree

from server.evaluation.run.records import PredictionLog
from tests.level_model import store_reversed_level_model
from tests.ray.cluster import TestCluster, eventually
from tests.server.evaluation.level_sets import LevelSet, make_level_set, without_times

ENDS_S = 240


class EvaluateCommand:
    """`ascend-classify evaluate` on a set, in a process of its own."""

    def __init__(self, store: Path, made: LevelSet, report: Path, *words: object) -> None:
        self.kept, self.report = report.parent / f"{report.stem}-runs", report
        own = {"MODEL_STORE": str(store), "MODEL": "level", "EVALUATION_DIR": str(self.kept)}
        command = [sys.executable, "-m", "server", "evaluate", str(made.folder), "--json", str(report), *map(str, words)]
        self.process = subprocess.Popen(command, env=os.environ | own, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def lines(self) -> int:
        """How many the log has."""
        return sum(log.read_bytes().count(b"\n") for log in self.kept.glob("*/predictions.jsonl"))

    def finish(self) -> dict[str, object]:
        """The report without times."""
        out, errors = self.process.communicate(timeout=ENDS_S)
        assert self.process.returncode == 0, out + errors
        return without_times(json.loads(self.report.read_text()))

    def refused(self) -> str:
        """What it prints where it ends with an error."""
        out, errors = self.process.communicate(timeout=ENDS_S)
        assert self.process.returncode == 1, out + errors
        return errors

    def kill_at(self, lines: int) -> int:
        """Kill it (-9) as soon as the log has so many lines; how many it has then."""
        until_s = time.monotonic() + ENDS_S
        while self.lines() < lines and self.process.poll() is None and time.monotonic() < until_s:
            time.sleep(0.002)
        self.process.kill()
        out, errors = self.process.communicate(timeout=ENDS_S)
        assert self.process.returncode == -signal.SIGKILL, out + errors
        return self.lines()


def workers() -> list[int]:
    """The processes of Ray Data's actors that have an engine."""
    titles = {int(path.parent.name): path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline")}
    return [number for number, title in titles.items() if title.startswith(b"ray::MapWorker")]


def test_a_run_goes_on_after_a_kill_and_a_start_that_failed_and_a_killed_actor_loses_nothing(
    nodes: TestCluster, store: Path, tmp_path: Path
) -> None:
    images = 5000
    made, own = make_level_set(tmp_path / "val", images, damaged=True), copytree(store, tmp_path / "store")
    alone = EvaluateCommand(own, made, tmp_path / "alone.json").finish()
    killed = EvaluateCommand(own, made, tmp_path / "ray.json", "--ray", nodes.address)
    assert images // 3 <= killed.kill_at(images // 3) < images
    (run,) = killed.kept.iterdir()
    before = (run / "predictions.jsonl").read_bytes()
    before = before[: before.rfind(b"\n") + 1]
    eventually(workers, lambda found: not found)  # the cluster ends what the killed command had started
    graph, done = own / "level" / "level.onnx", killed.lines()
    resume = "--ray", nodes.address, "--resume", run.name
    whole = graph.read_bytes()
    graph.write_bytes(whole[:-1])
    assert "level.onnx" in EvaluateCommand(own, made, tmp_path / "ray.json", *resume).refused()
    assert killed.lines() == done
    eventually(workers, lambda found: not found)
    graph.write_bytes(whole)
    resumed = EvaluateCommand(own, made, tmp_path / "ray.json", *resume)
    eventually(killed.lines, lambda lines: lines > done, ENDS_S)
    os.kill(workers()[0], signal.SIGKILL)  # its batch is done by another, or by its successor
    assert killed.lines() < images
    assert resumed.finish() == alone
    lines = (run / "predictions.jsonl").read_bytes()
    assert lines.startswith(before)
    assert sorted(json.loads(line)["index"] for line in lines.splitlines()) == list(range(images))
    assert {record.session for record in PredictionLog(run / "predictions.jsonl").read()} == {0, 1}


def test_nodes_that_differ_end_the_run(nodes: TestCluster, store: Path, tmp_path: Path) -> None:
    made = make_level_set(tmp_path / "val", 300)
    store_reversed_level_model(tmp_path / "other", "level")
    with nodes.node_with(tmp_path / "other", at=store):
        errors = EvaluateCommand(store, made, tmp_path / "ray.json", "--ray", nodes.address).refused()
    assert "The nodes of the cluster would not answer alike: " in errors
    assert "model_sha256" in errors
    assert "Install the same on each, then resume." in errors


def test_actors_without_room_wait(nodes: TestCluster, store: Path, tmp_path: Path) -> None:
    made = make_level_set(tmp_path / "val", 300)
    alone = EvaluateCommand(store, made, tmp_path / "alone.json").finish()
    assert EvaluateCommand(store, made, tmp_path / "ray.json", "--ray", nodes.address, "--ray-actors", 2 * nodes.chips).finish() == alone


def test_a_lost_node_loses_no_image(nodes: TestCluster, store: Path, tmp_path: Path) -> None:
    made = make_level_set(tmp_path / "val", 2000, damaged=True)
    alone = EvaluateCommand(store, made, tmp_path / "alone.json").finish()
    running = EvaluateCommand(store, made, tmp_path / "ray.json", "--ray", nodes.address)
    eventually(running.lines, lambda lines: lines > 0, ENDS_S)
    nodes.remove_node(nodes.workers.pop())
    left = running.lines()
    nodes.workers.append(nodes.add_node())
    assert left < made.images
    assert running.finish() == alone

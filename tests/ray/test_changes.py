"""What is changed while clients are answered: the version of the model, and the number of replicas."""

import logging
import shutil
import socket
from pathlib import Path
from typing import Any

import yaml

from server.ray.ray_cluster import RayCluster
from server.ray.serve_config import APPLICATION
from tests.level_model import level_png
from tests.ray.cluster import ADDRESS, UP_S, TestCluster, eventually
from tests.ray.conftest import LEVEL
from tests.server.crowd import Crowd
from tests.server.serving.test_reload import publish

logger = logging.getLogger(__name__)

HELD = 15
"""Fewer than a window: what waits in HAProxy stays in the process that took it, which after its reload knows no new replica."""


def versions(cluster: RayCluster) -> list[tuple[str, bool]]:
    return sorted((each["models"]["level"]["version"], bool(each["models"]["level"]["refused"])) for each in cluster.replicas())


def test_a_new_version_is_taken_without_a_failed_request_and_a_bad_one_refused(
    four: RayCluster, nodes: TestCluster, store: Path, file: Path, tmp_path: Path
) -> None:
    before = {each["replica"] for each in four.replicas()}
    words = ("--chips", 1, "--least", 4, "--most", 4)
    with Crowd(ADDRESS) as crowd:
        publish(store, "two")
        nodes.up(file, *words, **LEVEL, model_store=store)
        eventually(lambda: versions(four), lambda found: found == [("two", False)] * 4)
        shutil.copytree(store / "level", tmp_path / "good")
        (store / "level/manifest.toml").write_text("damaged")
        nodes.up(file, *words, **LEVEL, model_store=store)
        eventually(lambda: versions(four), lambda found: found == [("two", True)] * 4)
        status = nodes.command("status")
        shutil.copytree(tmp_path / "good", store / "level", dirs_exist_ok=True)
    logger.info("%d requests over two reloads", crowd.sent)
    assert (crowd.faults, {each["replica"] for each in four.replicas()}) == ([], before)
    assert (status.returncode, status.stdout.count("level two  stream:"), status.stdout.count("refused: ")) == (1, 4, 4)


def states() -> dict[str, int]:
    """How many replicas are in each state, those that end too."""
    from ray import serve

    [deployment] = serve.status().applications[APPLICATION].deployments.values()
    return {str(getattr(state, "value", state)): count for state, count in deployment.replica_states.items() if count}


def begin(level: int) -> socket.socket:
    """A request whose body is not whole yet: it is in flight as long as the test wants."""
    body = level_png(level)
    held = socket.create_connection(ADDRESS, timeout=60)
    held.sendall(b"POST /classify HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:-10])
    return held


def end(held: socket.socket, level: int) -> bytes:
    """The status line of its answer."""
    with held, held.makefile("rb") as answer:
        held.sendall(level_png(level)[-10:])
        return answer.readline().strip()


def test_replicas_follow_the_requests_in_flight(nodes: TestCluster, store: Path, file: Path) -> None:
    """One, four, one. The file that `ray up` writes is edited, and `serve run` takes it."""
    done = nodes.command("up", "--file", file, "--only-write", "--chips", 1, "--least", 1, "--most", 4, **LEVEL, model_store=store)
    assert "no API key is set" in done.stderr
    made: dict[str, Any] = yaml.safe_load(file.read_text())
    quick = {"upscale_delay_s": 1, "downscale_delay_s": 2, "metrics_interval_s": 1, "look_back_period_s": 2, "target_ongoing_requests": 4}
    made["applications"][0]["deployments"][0]["autoscaling_config"] |= quick
    file.write_text(yaml.safe_dump(made))
    cluster = RayCluster(nodes.address)
    cluster.deploy(file)
    cluster.wait(UP_S)
    eventually(states, lambda found: found == {"RUNNING": 1}, 120)  # HAProxy may still lead requests to those that end
    held = [begin(level) for level in range(HELD)]
    eventually(cluster.running, lambda running: running == 4, 120)
    assert [end(each, level) for level, each in enumerate(held)] == [b"HTTP/1.1 200 OK"] * HELD
    with Crowd(ADDRESS, rest_s=2) as crowd:
        eventually(cluster.running, lambda running: running == 1, 120)
    assert (crowd.faults, crowd.sent > 0) == ([], True)

"""A Ray cluster of several nodes on this machine, with faked chips; and the application on it, as `ascend-classify ray up` puts it there.

`make test-ray` runs the tests in namespaces of their own: nobody else has Ray's loopback, and every process ends with them.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[2]
OBJECTS_BYTES = 100_000_000
CHIPS = 2
PORT = 8000
ADDRESS = ("127.0.0.1", PORT)
UP_S = 300


def environment(folder: Path) -> dict[str, str]:
    """Of all processes of the cluster, whose files are in the folder."""
    haproxy = folder / "haproxy"
    return {
        "RAY_TMPDIR": str(folder),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "2",  # of 30: HAProxy learns of it in a moment here
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": f"{haproxy}/haproxy.cfg",
        "RAY_SERVE_HAPROXY_SOCKET_PATH": f"{haproxy}/admin.sock",
        "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": f"{haproxy}/metrics.sock",
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(haproxy),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": f"{haproxy}/server-state",
        "PYTHONPATH": str(ROOT),  # for what tests run in actors
    }


class TestCluster:
    """Nodes that are raylets of their own; this process is connected to the first of them, to the end."""

    __test__ = False

    def __init__(self, nodes: int = 2, cpus: int = 4, chips: int = CHIPS) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))  # not TMPDIR, which may be long: HAProxy's sockets have 97 bytes
        os.environ.update(environment(self._folder))
        from ray.cluster_utils import Cluster  # it reads the environment

        self._own = {"num_cpus": cpus, "resources": {"NPU": chips}, "object_store_memory": OBJECTS_BYTES}
        head = self._own | {"include_dashboard": False}
        self._cluster = Cluster(initialize_head=True, head_node_args=head)
        self._connect()  # to the head, as long as there is no other node
        self.workers: list[Any] = [self.add_node() for _ in range(nodes - 1)]

    @property
    def address(self) -> str:
        """For `ray.init` and `ray up`."""
        return str(self._cluster.address)

    def add_node(self) -> Any:
        """One more node."""
        return self._cluster.add_node(**self._own)

    def remove_node(self, node: Any) -> None:
        """End a node as a power cut does."""
        self._cluster.remove_node(node, allow_graceful=False)

    @contextmanager
    def node_with(self, folder: Path, *, at: Path) -> Iterator[None]:
        """One more node, as `ray start` starts it, that sees another folder at a path which all nodes have."""
        before = self.chips
        own = [
            f"--num-cpus={self._own['num_cpus']}",
            f"--resources={json.dumps(self._own['resources'])}",
            f"--object-store-memory={OBJECTS_BYTES}",
        ]
        ray = [sys.executable, "-m", "ray.scripts.scripts", "start", f"--address={self.address}", "--block", "--disable-usage-stats", *own]
        mounted = ["unshare", "--mount", "sh", "-c", 'mount --bind "$1" "$2" && shift 2 && exec "$@"', "node", str(folder), str(at), *ray]
        with subprocess.Popen(mounted, stdout=subprocess.DEVNULL) as process:
            try:
                eventually(lambda: self.chips, lambda chips: chips > before)
                yield
            finally:
                process.terminate()
                process.wait(UP_S)
                eventually(lambda: self.chips, lambda chips: chips == before)

    @property
    def chips(self) -> int:
        """Of all nodes."""
        import ray

        return int(ray.cluster_resources().get("NPU", 0))

    def _connect(self) -> None:
        import ray

        ray.init(self.address, namespace="serve", log_to_driver=False, logging_level="ERROR")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        import ray

        ray.shutdown()
        self._cluster.shutdown()
        shutil.rmtree(self._folder, ignore_errors=True)

    def command(self, *words: object, **settings: object) -> subprocess.CompletedProcess[str]:
        """`ascend-classify ray WORDS` on this cluster."""
        own = os.environ | {name.upper(): str(value) for name, value in settings.items()}
        command = [
            sys.executable,
            "-m",
            "server",
            "ray",
            *map(str, words),
            *(() if "--only-write" in words else ("--address", self.address)),
        ]
        return subprocess.run(command, env=own, capture_output=True, text=True, timeout=UP_S + 60, check=False)

    def up(self, file: Path, *words: object, **settings: object) -> str:
        """`ray up`, until the replicas serve; what it prints."""
        done = self.command("up", "--file", file, "--wait-s", UP_S, *words, **settings | {"port": PORT})
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def eventually(found: Callable[[], Any], wanted: Callable[[Any], bool], most_s: float = 60) -> Any:
    """What is found, as soon as it is as wanted; else, after that time, an AssertionError with the last."""
    until_s = time.monotonic() + most_s
    while not wanted(last := found()):
        assert time.monotonic() < until_s, f"after {most_s} s: {last}"
        time.sleep(0.2)
    return last

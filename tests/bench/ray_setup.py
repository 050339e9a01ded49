"""Ray Serve as one more setup of `scaling`: a cluster of one node that serves on 127.0.0.1:$PORT, until SIGTERM.

`make bench ARGS='scaling --also "Ray Serve=.venv/ray/bin/python -m tests.bench.ray_setup"'`; behind the name of the module may stand
options of `ascend-classify ray up`, as --no-haproxy.
"""

import os
import signal
import sys
import tempfile
import threading
from pathlib import Path

from tests.ray.cluster import UP_S, TestCluster

REPLICAS = 2


def main() -> int:
    """Serve until SIGTERM."""
    ended = threading.Event()
    with TestCluster(nodes=1, cpus=REPLICAS, chips=0) as cluster, tempfile.TemporaryDirectory() as folder:
        signal.signal(signal.SIGTERM, lambda *_: ended.set())  # in the place of Ray's own
        replicas = ("--cpus", 1, "--least", REPLICAS, "--most", REPLICAS, "--wait-s", UP_S)
        done = cluster.command("up", "--file", Path(folder) / "serve.yaml", *replicas, *sys.argv[1:], port=os.environ["PORT"])
        sys.stderr.write(done.stdout + done.stderr)
        if done.returncode == 0:
            ended.wait()
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())

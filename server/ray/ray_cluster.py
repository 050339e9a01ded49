"""A running Ray cluster, for the command line: a config file put into effect, what the replicas serve, the end."""

import logging
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from models.model_errors import ClassifyError
from server.ray.serve_config import APPLICATION, DEPLOYMENT

INSTALL = f"{sys.executable} -m pip install 'ascend-classify[ray]'"
POLL_S = 0.5
ANSWER_S = 5.0
CONNECT_S = 5.0
_OVER = ("RUNNING", "DEPLOY_FAILED", "UNHEALTHY")


class ClusterUnready(ClassifyError):
    """There is no Ray cluster at the address, the extra `ray` is missing, or Serve cannot run what it was given.

    Start the cluster (`ray start --head`), or do what the message says.
    """

    code = "cluster_unready"


def check_ray() -> None:
    """Raise ClusterUnready without the extra `ray`."""
    if find_spec("ray") is None:
        raise ClusterUnready("The package of Ray is missing.", f"Install the extra: {INSTALL}")


def check_address(address: str) -> None:
    """Raise ClusterUnready if nobody listens at HOST:PORT: Ray itself would wait for minutes. Other words are Ray's own, as `auto`."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdecimal()):
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()
    except (OSError, OverflowError) as error:
        raise ClusterUnready(f"There is no Ray cluster at {address}: {error}.", "Start one: ray start --head") from error


class RayCluster:
    """A cluster, connected: one a process."""

    def __init__(self, address: str) -> None:
        """Connect; raises ClusterUnready."""
        check_ray()
        check_address(address)
        import ray
        import ray.serve

        logging.getLogger("ray.serve").setLevel(logging.ERROR)  # its own level is that of information
        self._address = address
        try:
            ray.init(address, namespace="serve", log_to_driver=False, logging_level=logging.ERROR, ignore_reinit_error=True)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise ClusterUnready(f"There is no Ray cluster at {address}: {error}", "Start one: ray start --head") from error

    def deploy(self, file: Path) -> None:
        """Put a config file into effect, as `serve run` does; raises ClusterUnready."""
        serve = Path(sys.executable).with_name("serve")
        command = [str(serve), "run", "--non-blocking", "--address", self._address, str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
        if done.returncode or "Submitted deploy config" not in done.stdout + done.stderr:
            lines = (done.stderr or done.stdout).strip().splitlines() or ["no words"]
            raise ClusterUnready(f"Serve did not take {file}: {lines[-1]}", f"Try: serve run {file}")

    def wait(self, most_s: float) -> None:
        """Until the replicas serve; raises ClusterUnready if they cannot, or if it takes longer."""
        until_s = time.monotonic() + most_s
        while True:
            state, message = self.state()
            if state == "RUNNING":
                return
            if state in _OVER or time.monotonic() > until_s:
                raise ClusterUnready(f"The replicas are {state}. {message}".strip(), "The log of a replica has more: ray logs")
            time.sleep(POLL_S)

    def state(self) -> tuple[str, str]:
        """The word of Serve for the application, and why."""
        from ray import serve

        found = serve.status().applications.get(APPLICATION)
        if found is None:
            return "NOT_STARTED", "Nothing is deployed."
        whys = [found.message, *(f"{name}: {each.message}" for name, each in found.deployments.items())]
        return str(found.status.value), " ".join(why for why in whys if why.strip(": "))

    def replicas(self) -> list[dict[str, Any]]:
        """What each running replica serves; none if nothing is deployed. One whose window is full may not answer in time."""
        from ray import serve
        from ray.serve.exceptions import RayServeException

        try:
            handle = serve.get_deployment_handle(DEPLOYMENT, APPLICATION)
            found = handle.broadcast("told").results(timeout_s=ANSWER_S, return_exceptions=True)
        except RayServeException:
            return []
        return sorted((each for each in found if isinstance(each, dict)), key=lambda each: (each["node"], each["replica"]))

    def running(self) -> int:
        """How many replicas Serve counts as running."""
        from ray import serve

        found = serve.status().applications.get(APPLICATION)
        return sum(each.replica_states.get("RUNNING", 0) for each in found.deployments.values()) if found else 0

    def end(self) -> None:
        """End Serve: the replicas drain."""
        from ray import serve

        serve.shutdown()

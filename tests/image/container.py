"""A container by hand, as `docker run --read-only` would start it: the image's user, environment, volumes and entry point."""

import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.image.builder import Builder

# $1 is the image's tree, $2 the models or nothing, $3 the user, $4 the working folder, then its volumes up to "--", then the command.
START = """
set -eu
tree=$1 models=$2 user=$3 folder=$4; shift 4
mount --bind "$tree" "$tree"
mount -t proc proc "$tree/proc"
mount --bind /dev "$tree/dev"
mount --bind /sys "$tree/sys"
mount -o remount,bind,ro "$tree/sys"
if [ -n "$models" ]; then mount --bind "$models" "$tree/models"; mount -o remount,bind,ro "$tree/models"; fi
while [ "$1" != -- ]; do
  mount -t tmpfs -o "$(stat -c 'uid=%u,gid=%g,mode=%a' "$tree$1")" volume "$tree$1"; shift
done
shift
mount -o remount,bind,ro "$tree"
exec chroot --userspec "$user" "$tree" /bin/sh -c 'cd "$0" && exec "$@"' "$folder" "$@"
"""


class Container:
    """Started when entered; killed, unmounted and removed when left. It shares this machine's network."""

    def __init__(
        self, builder: Builder, image: str, *command: str, models: Path | None = None, server: bool = True, **environment: str
    ) -> None:
        """`command` in place of the image's own; without `server` it is a program and no word for the server."""
        self._builder = builder
        self._config = builder.config(image)
        self._name = builder.buildah("from", image).strip()
        self.tree = Path(builder.buildah("mount", self._name).strip())
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.environment = dict(item.split("=", 1) for item in self._config["Env"]) | {"PORT": str(self.port)} | environment
        self._models = str(models or "")
        entry = self._config["Entrypoint"]
        self._command = [*(entry if server else entry[:-1]), *(command or self._config["Cmd"])]
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30)

    @property
    def user(self) -> str:
        """uid:gid, where the image names only the user with the group of its passwd."""
        user = self._config["User"]
        if ":" in user:
            return str(user)
        entry = next(line.split(":") for line in (self.tree / "etc/passwd").read_text().splitlines() if line.split(":")[2] == user)
        return f"{user}:{entry[3]}"

    def __enter__(self) -> Self:
        volumes = sorted(self._config["Volumes"])
        arguments = [str(self.tree), self._models, self.user, self._config["WorkingDir"], *volumes, "--", *self._command]
        self._process = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", START, "start", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.client.close()
        with suppress(IndexError, OSError):  # it may have ended
            os.kill(self.first, signal.SIGKILL)  # and with it all others inside
        self._process.kill()
        words, _ = self._process.communicate()
        if kind:
            print(words[-4000:])  # noqa: T201 - pytest shows it beside the failure
        self._builder.buildah("umount", self._name)
        self._builder.buildah("rm", self._name)

    @property
    def first(self) -> int:
        """The process that is number 1 inside."""
        return int(Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()[0])

    def wait_ready(self, limit_s: float = 60) -> None:
        """Until the image's own health check is content."""
        deadline_s = time.monotonic() + limit_s
        while self.health():
            assert self._process.poll() is None, self.finish()
            assert time.monotonic() < deadline_s, "not ready in time"
            time.sleep(0.2)

    def health(self) -> int:
        """The exit code of the image's health check, run inside."""
        kind, *command = self._config["Healthcheck"]["Test"]
        assert kind == "CMD"
        try:
            return self.run(*command).returncode
        except (IndexError, OSError):
            return -1  # not started yet

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command inside, as the same user."""
        uid, gid = self.user.split(":")
        enter = ["nsenter", "--target", str(self.first), "--mount", "--pid", "--root", "--wd", "--setuid", uid, "--setgid", gid]
        return subprocess.run([*enter, *command], env=self.environment, capture_output=True, text=True, timeout=60, check=False)

    def stop(self) -> None:
        """Sends the signal of `docker stop`."""
        os.kill(self.first, signal.Signals[self._config.get("StopSignal", "SIGTERM")])

    def finish(self, limit_s: float = 60) -> tuple[int, str]:
        """Its exit code and what it printed, when it has ended."""
        words, _ = self._process.communicate(timeout=limit_s)
        return self._process.returncode, words

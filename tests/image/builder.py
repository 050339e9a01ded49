"""Images without a Docker engine: buildah, in storage of its own, on a Debian that debootstrap made."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from configparser import RawConfigParser
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
MIRROR = "http://deb.debian.org/debian"
DEBIAN = "localhost/debian-by-debootstrap"
PIP_OPTIONS = ("index-url", "extra-index-url", "trusted-host", "proxy", "cert")  # what it takes to reach the index from here
CERTIFICATES = "/run/certificates.pem"
NEEDED_GB = 8  # all layers, and what buildah and pip unpack beside them; the end of a run tells how much it took
# What debian:bookworm-slim leaves out too.
UNWANTED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/lib/apt/lists", "var/cache/apt", "var/log")


class BuildFailed(Exception):
    """A build ended with an error; the message is what it printed."""


class NoSpace(Exception):
    """The disk has too little room for the images; the message says how much they need."""


@dataclass(frozen=True)
class Builder:
    """Builds images in `folder`."""

    folder: Path

    def buildah(self, *arguments: str) -> str:
        """Runs buildah and returns its output; raises BuildFailed."""
        storage = ["--root", f"{self.folder}/storage", "--runroot", f"{self.folder}/run"]
        done = subprocess.run(
            ["nice", "-n", "5", "buildah", *storage, *arguments],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=os.environ | {"TMPDIR": f"{self.folder}/tmp"},  # else a build that breaks leaves its layer in /var/tmp  # noqa: S108 - it is the folder's own
            check=False,
        )
        if done.returncode:
            raise BuildFailed(f"buildah {' '.join(arguments)}\n{done.stdout[-6000:]}{done.stderr[-3000:]}")
        return done.stdout

    def make_debian(self) -> None:
        """The base image: Debian 12, slimmed as Docker's is."""
        tree = self.folder / "debian"
        try:
            subprocess.run(["debootstrap", "--variant=minbase", "bookworm", tree, MIRROR], stdout=subprocess.DEVNULL, check=True)
            for name in UNWANTED:
                for path in (tree / name).iterdir():
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            excludes = "".join(f"path-exclude /{name}/*\n" for name in UNWANTED if name.startswith("usr"))
            (tree / "etc/dpkg/dpkg.cfg.d/slim").write_text(f"{excludes}force-unsafe-io\n")
            container = self.buildah("from", "scratch").strip()
            self.buildah("add", "--quiet", container, str(tree), "/")
            self.buildah("config", "--cmd", "bash", container)
            self.buildah("commit", "--quiet", "--rm", "--format", "docker", container, DEBIAN)
        finally:
            remove(tree)

    def build(self, file: str, *options: str, **arguments: str) -> str:
        """Builds a Dockerfile and returns the output; `arguments` are its ARGs. Raises BuildFailed."""
        given = [f"--build-arg={name}={value}" for name, value in ({"DEBIAN_IMAGE": DEBIAN} | arguments).items()]
        fixed = ["--isolation", "chroot", "--network", "host", "--format", "docker", "--layers", "--file", file]
        return self.buildah("bud", *fixed, *self._index, *given, *options, ".")

    @cached_property
    def _index(self) -> list[str]:
        """How pip reaches the index from this machine, for the build alone: nothing of it is in an image."""
        listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True).stdout
        found = {}
        for line in listed.splitlines():
            name, _, value = line.partition("=")
            found[name.rpartition(".")[2]] = shlex.split(value)[0] if value else ""
        options = {name: found[name] for name in PIP_OPTIONS if found.get(name) and "file:" not in found[name]}
        volumes = [f"--volume={options['cert']}:{CERTIFICATES}:ro"] if "cert" in options else []
        if volumes:
            options["cert"] = CERTIFICATES
        config, path = RawConfigParser(), self.folder / "pip.conf"
        config["global"] = options
        with path.open("w") as file:
            config.write(file)
        return [f"--secret=id=pip.conf,src={path}", *volumes]

    def config(self, image: str) -> dict[str, Any]:
        """The image's configuration, by Docker's names."""
        found: dict[str, Any] = json.loads(self.buildah("inspect", "--type", "image", image))["Docker"]["config"]
        return found

    def size_mb(self, image: str) -> int:
        """All its layers, unpacked."""
        container = self.buildah("from", image).strip()
        try:
            tree = self.buildah("mount", container).strip()
            return int(subprocess.run(["du", "-xsm", tree], capture_output=True, text=True, check=True).stdout.split()[0])
        finally:
            self.buildah("rm", container)

    def prepare(self, needed_gb: float = NEEDED_GB) -> None:
        """An empty folder, without what an earlier run left that was killed; raises NoSpace."""
        self.sweep()
        (self.folder / "tmp").mkdir(parents=True)
        free_gb = shutil.disk_usage(self.folder).free / 1e9
        if free_gb < needed_gb:
            raise NoSpace(
                f"The tests of the images need {needed_gb:g} GB of free disk, and the one with {self.folder} has {free_gb:.1f} GB. "
                "Make room there and run them again."
            )

    def taken_gb(self) -> float:
        """The disk that all of it takes now."""
        done = subprocess.run(["du", "--one-file-system", "--block-size=1M", "-s", self.folder], capture_output=True, text=True, check=True)
        return int(done.stdout.split()[0]) * 2**20 / 1e9

    def sweep(self) -> None:
        """Unmount and remove everything."""
        remove(self.folder)


def remove(folder: Path) -> None:
    """Unmount what is mounted below a folder, then remove it. A place that stays mounted raises: its content may be this machine's."""
    mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for place in reversed([place for place in mounted if place.startswith(f"{folder}/")]):
        subprocess.run(["umount", "--lazy", place], check=True)
    if folder.exists():
        shutil.rmtree(folder)

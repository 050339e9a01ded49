"""Stands in for Docker on the stand-in Atlas: `docker compose …` as the steps of the hour call it, without an engine.

It asks the real Docker Compose for the configuration, and runs the command line of the clone where a container would: with the service's
environment, the image's, and the paths of its mounts. In what is printed the host's paths are again those of the container.
Prometheus is the real one of this machine, with the configuration of the clone.
HOUR names the file that tells where things are (tests/hour/bare_host.py writes it).
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[2]))

from tests.deploy.watching import configuration as watching

PLACES: dict[str, str] = json.loads(Path(os.environ["HOUR"]).read_text())
CLONE, FOLDER = Path(PLACES["clone"]), Path(PLACES["folder"])
PROGRAM = [PLACES["python"], "-m", "server"]
LOG = FOLDER / "classify.log"
PROMETHEUS = f"127.0.0.1:{PLACES['prometheus_port']}"
END_S = 60
CHIP = re.compile(r"/dev/davinci(\d+)")


def configuration(files: list[str]) -> dict[str, Any]:
    """What the real Docker Compose makes of the files."""
    words = [PLACES["compose"], *files, "--profile", "*", "config", "--format", "json"]
    read: dict[str, Any] = json.loads(subprocess.check_output(words, cwd=CLONE))
    return read


def image_environment(target: str) -> dict[str, str]:
    """The variables that Dockerfile.infer sets in an image."""
    stage = (CLONE / "Dockerfile.infer").read_text().partition(f" AS {target}\n")[2].partition("\nFROM ")[0]
    block = re.search(r"^ENV ((?:.*\\\n)*.*)$", stage, re.MULTILINE)
    return dict(word.split("=", 1) for word in block[1].replace("\\\n", " ").split()) if block else {}


class Service:
    """A service: its environment and its places, as this machine has them."""

    def __init__(self, config: dict[str, Any], name: str) -> None:
        about = config["services"][name]
        self.places = {"/host": PLACES["root"], "http://classify:8000": f"http://127.0.0.1:{PLACES['port']}"}
        for mount in about["volumes"]:
            self.places[mount["target"]] = mount["source"] if mount["type"] == "bind" else str(FOLDER / "volumes" / mount["source"])
        for secret in about.get("secrets", ()):
            self.places[secret["target"]] = config["secrets"][secret["source"]]["file"]
        chips = [match[1] for device in about.get("devices", ()) if (match := CHIP.fullmatch(device["source"]))]
        image = image_environment(about["build"]["target"]) if "build" in about else {}
        environment = {name: value for name, value in image.items() if name in ("RUNTIME", "MODEL_STORE", "EVALUATION_DIR")}
        environment |= {name: str(value) for name, value in about.get("environment", {}).items() if value is not None}
        if chips:  # in a container DEVICES=auto are those that it was given
            environment |= {"DEVICES": ",".join(chips), "ENGINES": "stream", "ENGINE_PYTHON": PLACES["engine_python"]}
            environment |= {"HOST": "127.0.0.1", "PORT": PLACES["port"], "DRAIN_DELAY_S": "0"}
        self.environment = os.environ | {name: self.outside(value) for name, value in environment.items()}

    def outside(self, text: str) -> str:
        """A text with the container's paths as this machine's."""
        for inside, outside in sorted(self.places.items(), key=lambda pair: -len(pair[0])):
            text = re.sub(rf"(?<![\w./-]){re.escape(inside)}(?![\w-])", outside, text)
        return text

    def inside(self, text: str) -> str:
        """And back."""
        for inside, outside in sorted(self.places.items(), key=lambda pair: -len(pair[1])):
            text = text.replace(outside, inside) if outside.startswith((str(FOLDER), "http")) else text  # /dev is /dev
        return text


def run(service: Service, words: list[str]) -> int:
    """`docker compose run --rm SERVICE WORDS`."""
    done = subprocess.run(
        [*PROGRAM, *map(service.outside, words)], cwd=CLONE, env=service.environment, capture_output=True, text=True, check=False
    )
    sys.stdout.write(service.inside(done.stdout))
    sys.stderr.write(service.inside(done.stderr))
    for om in Path(service.environment["MODEL_STORE"]).glob("*/*.om"):  # on the double this file runs in its place
        network = om.with_name(f"{om.name.partition('.')[0]}.onnx")
        om.with_suffix(".onnx").write_bytes(network.read_bytes())
    return done.returncode


def up(service: Service) -> int:
    """`docker compose up -d classify`."""
    with LOG.open("a") as log:
        server = subprocess.Popen([*PROGRAM, "serve"], cwd=CLONE, env=service.environment, stdout=log, stderr=log, start_new_session=True)
    process_file("classify").write_text(str(server.pid))
    return 0


def watch(service: Service) -> int:
    """`docker compose up -d prometheus`, which asks the server each second, not every fifth."""
    key = Path(service.places["/run/secrets/api_key"]).read_text().strip()
    place = FOLDER / "prometheus"
    place.mkdir(exist_ok=True)
    file = watching(place, classify=f"127.0.0.1:{PLACES['port']}", exporter="127.0.0.1:9", own=PROMETHEUS, key=key, look_s=1)
    with (FOLDER / "prometheus.log").open("a") as log:
        words = ["prometheus", f"--config.file={file}", f"--storage.tsdb.path={place / 'data'}", f"--web.listen-address={PROMETHEUS}"]
        process_file("prometheus").write_text(str(subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True).pid))
    return 0


def execute(words: list[str]) -> int:
    """`docker compose exec prometheus WORDS`."""
    return subprocess.run([word.replace("localhost:9090", PROMETHEUS) for word in words], check=False).returncode


def process_file(service: str) -> Path:
    """Where the number of its process is kept."""
    return FOLDER / f"{service}.pid"


def stop(service: str) -> int:
    """`docker compose stop SERVICE`: until it has ended."""
    number = int(process_file(service).read_text())
    os.kill(number, signal.SIGTERM)
    deadline_s = time.monotonic() + END_S
    while Path(f"/proc/{number}").exists() and " Z " not in Path(f"/proc/{number}/stat").read_text():
        if time.monotonic() > deadline_s:
            return 1
        time.sleep(0.1)
    return 0


def main(words: list[str]) -> int:
    """The exit status of a call."""
    assert words[:1] == ["compose"], words
    words, files = words[1:], []
    while words[0] == "-f":
        files += words[:2]
        words = words[2:]
    command, words = words[0], words[1:]
    while words and words[0] in ("--rm", "-T", "-d"):
        words = words[1:]
    if command == "stop":
        return max(stop(name) for name in words)
    if command == "exec":
        return execute(words[1:])
    config = configuration(files)
    service = Service(config, words[0])
    if command == "logs":
        sys.stdout.write(service.inside(LOG.read_text()))
        return 0
    if command == "run":
        return run(service, words[1:])
    assert command == "up", command
    return max((watch if name == "prometheus" else up)(Service(config, name)) for name in words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

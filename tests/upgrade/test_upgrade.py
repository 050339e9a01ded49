"""From the first version to this one and back: one store, one .env, one folder of evaluations (make test-upgrade).

The first version is the real one, in an environment of its own. Each serves in turn on what the other left, with the settings that its own
compose file makes of the .env.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.deploy.places import COMPOSE_V2, ROOT
from tests.deploy.programs import needs_compose
from tests.level_model import store_level_model
from tests.server.process import ServerProcess

FIRST = ROOT / ".venv/first"
[COMMIT] = re.findall(r"^FIRST := (\w+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
MODEL, LIMIT, WINDOW = "resnext_digits", 60, 48
KEY = "a-key-of-the-first-version"
WAIT_S = 60


def offered(example: str) -> dict[str, str]:
    """What an .env.example offers, by name."""
    return dict(re.findall(r"^#([A-Z_]+)=(.*)$", example, re.MULTILINE))


def offered_first() -> dict[str, str]:
    """What that of the first version offers; without the history the test is skipped."""
    shown = subprocess.run(["git", "show", f"{COMMIT}:.env.example"], cwd=ROOT, capture_output=True, text=True, check=False)
    if shown.returncode:
        pytest.skip("the history is not here: git fetch --unshallow")
    return offered(shown.stdout)


def write_env(file: Path, told: dict[str, str]) -> None:
    """An .env with these lines."""
    file.write_text("".join(f"{name}={value}\n" for name, value in told.items()), "utf-8")


def in_compose(version: Path, dotenv: Path, file: str = "docker-compose.cpu.yml") -> dict[str, Any]:
    """The settings that the compose file of a version makes of an .env, with the places of this host for those of the container."""
    words = [str(COMPOSE_V2), "-f", file, "--env-file", str(dotenv), "config", "--format", "json"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(dotenv.parent)}
    done = subprocess.run(words, cwd=version, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    service = made["services"]["classify"]
    told: dict[str, Any] = service["environment"]
    places = {each["target"]: each["source"] for each in service["volumes"]}
    return told | {
        "HOST": "127.0.0.1",
        "MODEL_STORE": places["/models"],
        "EVALUATION_ROOTS": told["EVALUATION_ROOTS"].replace("/data", places["/data"]),
        "API_KEY_FILE": made["secrets"]["api_key"]["file"],
    }


class Versions:
    """Both versions on the same folders and the same .env. Which one `command` starts says `python`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.dotenv = folder, folder / ".env"
        self.first, self.this = FIRST / "bin/python", Path(sys.executable)
        (folder / "key").write_text(f"{KEY}\n", "utf-8")
        self.told = offered_first() | {
            "MODEL": MODEL,
            "MODEL_DIR": str(folder / "store"),
            "DATA_DIR": str(folder / "store" / MODEL),
            "EVALUATION_ROOTS": "digits=/data/evaluation",
            "ENGINES": "stream",
            "WINDOW": str(WINDOW),
            "API_KEY_FILE": str(folder / "key"),
        }
        write_env(self.dotenv, self.told)

    def environment(self, python: Path) -> dict[str, str]:
        """Of the processes of that version."""
        places = {"EVALUATION_DIR": str(self.folder / "evaluations"), "PYTHONPATH": ""}
        return os.environ | in_compose(self._home(python), self.dotenv) | places

    def command(self, python: Path, *words: str) -> str:
        """What a command prints; it must succeed."""
        done = subprocess.run(
            [str(python), "-m", "server", *words],
            check=False,
            env=self.environment(python),
            cwd=self._home(python),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def serving(self, python: Path) -> Iterator[httpx.Client]:
        """A server of that version, which the .env has given its key and its window."""
        log = self.folder / "server.log"
        with log.open("w") as output:
            words = [str(python), "-m", "server", "serve", "--port", "0", "--log-format", "json"]
            server = subprocess.Popen(words, env=self.environment(python), cwd=self._home(python), stderr=output)
        try:
            url = waited(lambda: re.search(r"listening on (http://[^\"]+)", log.read_text()), server, log)[1]
            with httpx.Client(base_url=url, timeout=30, headers={"X-Api-Key": KEY}) as client:
                waited(lambda: client.get("/health/ready").status_code == 200, server, log)
                assert httpx.get(f"{url}/info").status_code == 401
                assert client.get("/info").json()["limits"]["window"] == WINDOW
                yield client
        finally:
            server.terminate()
            assert server.wait(WAIT_S) == 0, log.read_text()

    @staticmethod
    def _home(python: Path) -> Path:
        return FIRST / "source" if FIRST in python.parents else ROOT


def waited(until: Callable[[], Any], server: "subprocess.Popen[bytes]", log: Path) -> Any:
    """What `until` gives as soon as it is something."""
    until_s = time.monotonic() + WAIT_S
    while time.monotonic() < until_s:
        assert server.poll() is None, log.read_text()
        if found := until():
            return found
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def answers(client: httpx.Client, images: list[Path]) -> list[list[tuple[int, float]]]:
    """The best classes of each picture, scores to five digits."""
    replies = [client.post("/classify", content=path.read_bytes()).json() for path in images]
    return [[(each["class_id"], round(each["score"], 5)) for each in reply["predictions"]] for reply in replies]


def evaluated(client: httpx.Client) -> str:
    """The id of an evaluation that has ended."""
    made = client.post("/evaluate", json={"dataset": "digits/mixed", "limit": LIMIT})
    assert made.status_code == 202, made.text
    job = str(made.json()["id"])
    until_s = time.monotonic() + WAIT_S
    while (state := client.get(f"/evaluate/{job}").json()["state"]) not in ("finished", "failed", "cancelled"):
        assert time.monotonic() < until_s
        time.sleep(0.1)
    assert state == "finished"
    return job


def top_1(client: httpx.Client, job: str) -> float:
    """From the report, read as JSON."""
    report = client.get(f"/evaluate/{job}/report", headers={"Accept": "application/json"}).json()
    return float(report["accuracy"]["top1"]["value"])


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Versions:
    return Versions(tmp_path_factory.mktemp("upgrade"))


@needs_compose
@pytest.mark.skipif(not (FIRST / "installed").exists(), reason="the first version is not installed: make test-upgrade")
def test_up_and_back(versions: Versions) -> None:
    versions.command(versions.first, "models", "prepare", MODEL)
    manifest = versions.folder / "store" / MODEL / "manifest.toml"
    images = sorted((manifest.parent / "evaluation/mixed/images").iterdir())[:12]
    with versions.serving(versions.first) as client:
        before, old_job = answers(client, images), evaluated(client)
        accuracy = top_1(client, old_job)
    written = manifest.read_bytes()
    with versions.serving(versions.this) as client:
        assert answers(client, images) == before
        listed = client.get("/evaluate")
        assert listed.status_code == 200, listed.text
        assert old_job in [job["id"] for job in listed.json()]
        assert top_1(client, old_job) == accuracy
        page = client.get(f"/evaluate/{old_job}/report", headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert "<h1>" in page.text
        new_job = evaluated(client)
        assert top_1(client, new_job) == accuracy
    places = (str(versions.folder / "evaluations" / job) for job in (old_job, new_job))
    compared = versions.command(versions.this, "evaluate", "--compare", *places)
    assert f"both right {round(accuracy * LIMIT)}, only A 0, only B 0" in compared
    assert manifest.read_bytes() == written
    # Back, with an .env that has got all the lines of this version.
    write_env(versions.dotenv, offered((ROOT / ".env.example").read_text("utf-8")) | versions.told)
    with versions.serving(versions.first) as client:
        assert answers(client, images) == before
        listed = client.get("/evaluate")
        assert listed.status_code == 200, listed.text
        assert old_job in [job["id"] for job in listed.json()]
        assert top_1(client, old_job) == accuracy
        assert top_1(client, evaluated(client)) == accuracy


@pytest.mark.smoke
@needs_compose
def test_the_settings_of_the_first_version_start_this_one(tmp_path: Path) -> None:
    """Every line of its .env.example, taken, goes through the compose file of this version to a server that starts."""
    told = offered_first()
    store_level_model(tmp_path / "store", told["MODEL"])
    write_env(tmp_path / ".env", told | {"MODEL_DIR": str(tmp_path / "store")})
    settings = in_compose(ROOT, tmp_path / ".env", "docker-compose.yml")
    named = ("MODEL", "ENGINES", "DEVICES", "WINDOW", "LOG_LEVEL")
    assert {name: settings[name] for name in named} == {name: told[name] for name in named}
    with ServerProcess(**{name.lower(): value for name, value in settings.items()}) as server:
        assert server.client.get("/v2/models").json() == {"models": [told["MODEL"]]}
        assert server.client.get("/info").json()["limits"]["window"] == int(told["WINDOW"])
    files = (ROOT / "docker-compose.yml", ROOT / "docker-compose.cpu.yml", ROOT / "deploy/monitoring.yml")
    used = set(re.findall(r"\$\{([A-Z_]+)", "".join(file.read_text("utf-8") for file in files)))
    assert set(told) <= used  # none has lost its effect

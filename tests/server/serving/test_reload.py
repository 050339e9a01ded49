"""Another version of a model, taken without a gap; a bad one, refused."""

import hashlib
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from models.manifest import Golden
from models.store import ModelStore
from server.api.schemas import ReloadReply
from tests.level_model import CLASSES, level_png, store_level_model
from tests.made_model import change_model
from tests.server.process import ServerProcess

CLIENTS = 16


def publish(root: Path, version: str) -> None:
    """Another version of the level model: the same answers under other labels."""
    model = ModelStore(root).open("level")
    labels = "".join(f"{version}: {number}\n" for number in range(CLASSES)).encode()
    (model.folder / f"{version}.names").write_bytes(labels)
    changes = {"version": version, "labels": f"{version}.names", "labels_sha256": hashlib.sha256(labels).hexdigest()}
    change_model(model, **changes)


def spoil(root: Path) -> None:
    """Replace the artifact by garbage, as a broken upload does."""
    model = ModelStore(root).open("level")
    path = model.check_artifact("cpu")[1]
    (model.folder / "new").write_bytes(b"garbage")
    (model.folder / "new").replace(path)


def edit(root: Path) -> None:
    """Change the recipe, and not the artifact, as a person with an editor does."""
    model = ModelStore(root).open("level")
    recipe = model.manifest.recipe.model_copy(update={"mean": (1.0, 1.0, 1.0)})
    model.manifest.model_copy(update={"recipe": recipe}).write(model.folder / "manifest.toml")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    store_level_model(tmp_path)
    publish(tmp_path, "one")
    return tmp_path


@pytest.fixture
def server(store: Path) -> Iterator[ServerProcess]:
    with ServerProcess(model_store=store, model="level") as server:
        yield server


def reload(server: ServerProcess) -> httpx.Response:
    return server.client.post("/admin/models/reload")


class Clients:
    """Post pictures of known classes, again and again, and count how each was answered."""

    def __init__(self, server: ServerProcess) -> None:
        self.counts: Counter[object] = Counter()
        self._server = server
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._post, args=(number,)) for number in range(CLIENTS)]

    def _post(self, number: int) -> None:
        with httpx.Client(base_url=self._server.url, timeout=30) as client:
            while not self._over.is_set():
                number = (number + 7) % CLASSES
                response = client.post("/classify", content=level_png(4 * number), headers={"Content-Type": "image/png"})
                answer = response.json()
                good = response.status_code == 200 and answer["predictions"][0]["label"] == f"{answer['version']}: {number}"
                self.counts[answer["version"] if good else (response.status_code, response.text)] += 1

    def __enter__(self) -> "Clients":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, more: int) -> None:
        """Until so many more have been answered."""
        enough = self.counts.total() + more
        deadline_s = time.monotonic() + 60
        while self.counts.total() < enough and time.monotonic() < deadline_s:
            time.sleep(0.01)


@pytest.mark.parametrize("processes", ["no", "yes"])
def test_under_load_nobody_notices_but_by_the_version(store: Path, processes: str) -> None:
    with ServerProcess(model_store=store, model="level", engines="stream", engine_processes=processes) as server:
        with Clients(server) as clients:
            clients.wait_for(50)
            for version in ("two", "three"):
                publish(store, version)
                answer = reload(server)
                assert answer.status_code == 200
                assert ReloadReply.model_validate_json(answer.content, strict=True, extra="forbid").version == version
                clients.wait_for(50)
            server.log("version two of level has drained")
        assert set(clients.counts) == {"one", "two", "three"}
        assert server.client.get("/info").json()["version"] == "three"
        assert server.metric("classify_model_info", version="three") == 1
        assert server.metric("classify_model_info", version="one") == 0


def test_of_two_versions_one_drains_and_a_third_waits_for_that(store: Path) -> None:
    """A window of one picture, and the engine that holds it is stopped: its successor answers, and is not replaced before the drain."""
    held: dict[str, Any] = {"engines": "stream", "engine_processes": "yes", "engine_stall_s": 60, "window": 1}
    with ServerProcess(model_store=store, model="level", **held) as server, ThreadPoolExecutor(2) as pool:
        first = server.client.get("/info").json()["engines"][0]["process"]
        os.kill(first, signal.SIGSTOP)
        try:
            last = pool.submit(server.client.post, "/classify", content=level_png(4))
            while not server.metric("classify_in_flight"):
                time.sleep(0.01)
            publish(store, "two")
            assert reload(server).json()["version"] == "two"
            assert [server.client.post("/classify", content=level_png(8)).json()["version"] for _ in range(3)] == ["two"] * 3
            publish(store, "three")
            third = pool.submit(reload, server)
            with pytest.raises(TimeoutError):
                third.result(2)
        finally:
            os.kill(first, signal.SIGCONT)
        assert (last.result(20).status_code, third.result(20).json()["version"]) == (200, "three")


@pytest.mark.parametrize(("harm", "said"), [(spoil, "sha256"), (edit, "disagree: the artifact has the recipe")])
def test_what_is_wrong_is_refused_and_the_old_one_goes_on(
    server: ServerProcess, store: Path, harm: Callable[[Path], None], said: str
) -> None:
    publish(store, "two")
    harm(store)
    with Clients(server) as clients:
        answer = reload(server)
        assert (answer.status_code, answer.json()["code"]) == (409, "reload_refused")
        assert said in answer.json()["error"]
        clients.wait_for(50)
    assert set(clients.counts) == {"one"}


def test_a_model_that_fails_its_golden_image_is_refused(server: ServerProcess, store: Path) -> None:
    model = ModelStore(store).open("level")
    picture = level_png(40)
    (model.folder / "golden.png").write_bytes(picture)
    golden = Golden(file="golden.png", sha256=hashlib.sha256(picture).hexdigest(), class_id=10, score=1.0)
    for class_id, status in ((10, 200), (11, 409)):
        changed = golden.model_copy(update={"class_id": class_id})
        change_model(model, version=str(class_id), golden=changed)
        assert reload(server).status_code == status
    assert server.client.get("/info").json()["version"] == "10"


def test_sighup_reloads(server: ServerProcess, store: Path) -> None:
    publish(store, "two")
    server.signal(signal.SIGHUP)
    server.log("level version two is served")
    assert server.client.get("/info").json()["version"] == "two"
    spoil(store)
    server.signal(signal.SIGHUP)
    server.log("The new model was refused")


def test_not_from_other_machines_without_a_key(store: Path) -> None:
    with ServerProcess(model_store=store, model="level", host="0.0.0.0") as server:
        assert reload(server).status_code == 403

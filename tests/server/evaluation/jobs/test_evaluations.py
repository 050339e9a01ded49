"""Evaluations of a real server with a real model, whose answers are known; killed, resumed, damaged, out of room."""

import io
import json
import os
import random
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.store import ModelStore
from tests.level_model import CLASSES, level_png, store_level_model
from tests.made_model import change_model
from tests.part_or_all import some_or_many
from tests.server.evaluation.level_sets import class_of, finished, label_of, make_level_set, without_times
from tests.server.process import ServerProcess


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("store")
    store_level_model(root)
    return root


def serve(store: Path, val: Path, kept: Path, **settings: Any) -> ServerProcess:
    return ServerProcess(model_store=store, model="level", evaluation_roots=f"val={val}", evaluation_dir=kept, **settings)


def post(server: ServerProcess, **wanted: object) -> str:
    response = server.client.post("/evaluate", json={"dataset": "val", **wanted})
    assert response.status_code == 202, response.text
    return str(response.headers["location"])


def done(server: ServerProcess, location: str) -> int:
    return int(server.client.get(location).json()["done"])


@some_or_many("images", 1_000, 20_000)
def test_killed_three_times(store: Path, images: int, tmp_path: Path) -> None:
    large = make_level_set(tmp_path / "val", images, damaged=True)
    with serve(store, large.folder, tmp_path / "whole") as server:
        location = post(server)
        state = finished(server, location)
        undisturbed = server.client.get(f"{location}/report").json()
        assert (state["total"], state["done"]) == (images, images)
        assert server.metric("classify_evaluation_images_total", dataset="val", outcome="ok") == images - large.damaged
        assert server.metric("classify_evaluation_accuracy", dataset="val", k="1") == large.correct / images
        assert server.metric("classify_evaluation_running") == 0
    counts = undisturbed["denominators"]
    assert counts["failed"] == {"undecodable_image": large.damaged}
    assert (counts["listed"], counts["attempted"], counts["decoded"]) == (images, images, images - large.damaged)
    assert undisturbed["accuracy"]["top1"]["correct"] == large.correct
    assert undisturbed["accuracy"]["top1"]["total"] == images
    assert undisturbed["accuracy_decoded"]["top1"]["total"] == images - large.damaged

    chance, location = random.Random(7), ""  # noqa: S311 - moments, no secrets
    for least in sorted(chance.sample(range(images // 20, images // 2), 3)):
        server = serve(store, large.folder, tmp_path / "killed")
        location = location or post(server)
        while done(server, location) < least:
            time.sleep(0.01)
        server.signal(signal.SIGKILL)
        assert server.wait() == -signal.SIGKILL
    with serve(store, large.folder, tmp_path / "killed") as server:
        finished(server, location)
        report = server.client.get(f"{location}/report").json()
        lines = [json.loads(line) for line in server.client.get(f"{location}/predictions").text.splitlines()]
    assert report["throughput"]["sessions"] == 4
    assert sorted(line["index"] for line in lines) == list(range(images))
    assert without_times(report) == without_times(undisturbed)
    check_by_scikit_learn(report, lines)


def check_by_scikit_learn(report: Any, lines: list[Any]) -> None:
    from sklearn.metrics import (
        accuracy_score,
        precision_score,
        recall_score,
        top_k_accuracy_score,
    )  # slow to import

    answered = [line for line in lines if line["top"]]
    true = [label_of(line["index"]) for line in answered]
    predicted = [line["top"][0][0] for line in answered]
    scores = [[dict(line["top"]).get(class_id, -1.0) for class_id in range(CLASSES)] for line in answered]
    decoded = report["accuracy_decoded"]
    assert decoded["top1"]["value"] == accuracy_score(true, predicted)
    assert decoded["top3"]["value"] == pytest.approx(top_k_accuracy_score(true, scores, k=3, labels=range(CLASSES)), abs=0.02)  # of ties
    rows = {row["class_id"]: row for row in report["per_class"]}
    precisions = precision_score(true, predicted, labels=range(CLASSES), average=None)
    assert [rows[class_id]["precision"] for class_id in range(CLASSES)] == pytest.approx(list(precisions))
    recalls = recall_score(true, predicted, labels=range(CLASSES), average=None)
    assert [rows[class_id]["correct"] / true.count(class_id) for class_id in range(CLASSES)] == pytest.approx(list(recalls))


def interrupted(store: Path, val: Path, kept: Path) -> str:
    """The location of an evaluation whose server was killed."""
    server = serve(store, val, kept)
    location = post(server)
    while not done(server, location):
        time.sleep(0.01)
    server.signal(signal.SIGKILL)
    server.wait()
    return location


def test_a_changed_model_is_refused(store: Path, tmp_path: Path) -> None:
    small = make_level_set(tmp_path / "val", 500)
    location = interrupted(store, small.folder, tmp_path / "kept")
    other = tmp_path / "store"
    shutil.copytree(store, other)
    change_model(ModelStore(other).open("level"), version="2")
    with serve(other, small.folder, tmp_path / "kept") as server:
        state = finished(server, location, "failed")
        assert "model_version was 1 and is 2" in str(state["error"])
        assert server.client.get(f"{location}/report").json()["code"] == "not_finished"
    with serve(store, small.folder, tmp_path / "kept") as server:
        assert server.client.post(f"{location}/resume").status_code == 202
        finished(server, location)
        assert server.client.get(f"{location}/report").json()["accuracy"]["top1"]["correct"] == small.correct


def test_a_changed_list_is_refused(store: Path, tmp_path: Path) -> None:
    small = make_level_set(tmp_path / "val", 500)
    location = interrupted(store, small.folder, tmp_path / "kept")
    (small.folder / "17.png").unlink()
    (small.folder / "val_label.txt").write_text("".join(f"{n}.png {class_of(n)}\n" for n in range(500) if n != 17))
    with serve(store, small.folder, tmp_path / "kept") as server:
        assert "list_sha256 was" in str(finished(server, location, "failed")["error"])


def test_a_drain_interrupts_and_the_next_start_goes_on(store: Path, tmp_path: Path) -> None:
    small = make_level_set(tmp_path / "val", 500)
    with serve(store, small.folder, tmp_path / "kept") as server:
        location = post(server)
        while not done(server, location):
            time.sleep(0.01)
    with serve(store, small.folder, tmp_path / "kept") as server:
        assert finished(server, location)["done"] == 500
        assert server.client.get(f"{location}/report").json()["accuracy"]["top1"]["correct"] == small.correct


def test_pipes_and_links_hold_nothing_up_and_tell_nothing(store: Path, tmp_path: Path) -> None:
    small = make_level_set(tmp_path / "val", 60)
    (tmp_path / "secret").write_text("password\n")
    for name in ("7.png", "8.png", "9.png"):
        (small.folder / name).unlink()
    os.mkfifo(small.folder / "7.png")
    (small.folder / "8.png").symlink_to("/dev/zero")
    (small.folder / "9.png").symlink_to(small.folder / "10.png")
    with serve(store, small.folder, tmp_path / "kept") as server:
        refused = server.client.post("/evaluate", json={"dataset": "val"})
        assert (refused.status_code, "8.png leads out of the folder" in refused.json()["error"]) == (400, True)
        (small.folder / "8.png").unlink()
        location = post(server)
        finished(server, location)
        outcomes = [json.loads(line)["outcome"] for line in server.client.get(f"{location}/predictions").text.splitlines()]
        assert sum(outcome == "unreadable" for outcome in outcomes) == 2  # the pipe, and 8.png
        assert server.client.get(f"{location}/report", headers={"Accept": "text/html"}).status_code == 200
        for label_list in ("link", "pipe"):
            (small.folder / "val_label.txt").unlink()
            if label_list == "link":
                (small.folder / "val_label.txt").symlink_to(tmp_path / "secret")
            else:
                os.mkfifo(small.folder / "val_label.txt")
            response = server.client.post("/evaluate", json={"dataset": "val"})
            assert response.status_code == 400
            assert "password" not in response.text
            assert server.client.delete(f"{location}").status_code == (200 if label_list == "link" else 404)
        assert server.client.post("/admin/models/reload").status_code == 200


def test_two_servers_do_not_share_a_folder(store: Path, tmp_path: Path) -> None:
    small = make_level_set(tmp_path / "val", 10)
    with serve(store, small.folder, tmp_path / "kept") as server:
        finished(server, post(server))
        with serve(store, small.folder, tmp_path / "kept") as second:
            second.log("Another server keeps its evaluations")
            response = second.client.get("/evaluate")
            assert (response.status_code, response.json()["code"]) == (500, "evaluation_lost")


def tarred(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return packed.getvalue()


def test_names_that_are_no_utf8_are_refused(store: Path, tmp_path: Path) -> None:
    folder = os.fsdecode("类".encode("gbk"))
    png = level_png(0)
    archives = {
        r"Other labels that are not: \udcc0\udce0.": tarred({f"{folder}/a.png": png, "0/b.png": png}),
        "cannot be written in UTF-8": tarred({"a.png": png, "labels.json": rb'{"a.png": 0, "\ud800.png": 0}'}),
        "'\\ud800/a.png' with the label '0'": tarred({"a.png": png, "labels.json": rb'{"\ud800/a.png": 0}'}),
    }
    with serve(store, make_level_set(tmp_path / "val", 10).folder, tmp_path / "kept") as server:
        for words, archive in archives.items():
            response = server.client.post("/evaluate", files={"archive": ("set", archive)})
            assert (response.status_code, words in response.json()["error"]) == (400, True), response.text
        assert server.troubles() == []


@pytest.fixture
def little_disk(tmp_path: Path) -> Iterator[Path]:
    """Two megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_disk_that_fills_up(store: Path, tmp_path: Path, little_disk: Path) -> None:
    small = make_level_set(tmp_path / "val", 1000)
    ballast = little_disk / "ballast"
    with serve(store, small.folder, little_disk / "kept") as server:
        location = post(server)
        while not done(server, location):
            time.sleep(0.01)
        with pytest.raises(OSError, match="No space left"):
            ballast.write_bytes(bytes(2 * 1024 * 1024))
        state = finished(server, location, "failed")
        assert "No space left on device" in str(state["error"])
        assert "free some disk space" in str(state["error"])
        assert state["code"] == "evaluation_lost"
        subprocess.run(["mount", "-o", "remount,size=20m", little_disk], check=True)
        assert server.client.post(f"{location}/resume").status_code == 202
        finished(server, location)
        report = server.client.get(f"{location}/report").json()
    assert report["accuracy"]["top1"]["correct"] == small.correct
    assert report["denominators"]["attempted"] == 1000

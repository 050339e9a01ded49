"""`ascend-classify evaluate`, run as a user runs it."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from pipelines.task_metric import evaluate as seeds_own
from tests.level_model import CLASSES, REDUCED_CLASS, WHOLE_CLASS, comb, level_png, store_level_model, store_reversed_level_model
from tests.server.cli import command
from tests.server.evaluation.level_sets import LevelSet, make_level_set, without_times
from tests.server.forked_command import ForkedCommand
from tests.server.process import ServerProcess

IMAGES = 300


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("store")
    store_level_model(root)
    return root


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> LevelSet:
    return make_level_set(tmp_path_factory.mktemp("small") / "val", IMAGES, damaged=True)


def settings(store: Path, kept: Path) -> dict[str, str]:
    return {"MODEL_STORE": str(store), "MODEL": "level", "EVALUATION_DIR": str(kept)}


def start(store: Path, kept: Path, *arguments: object) -> ForkedCommand:
    return ForkedCommand(["evaluate", *map(str, arguments)], os.environ | settings(store, kept), None)


def interrupt(process: ForkedCommand) -> tuple[int, str]:
    """Its exit code, and what it told."""
    process.send_signal(signal.SIGINT)
    assert process.stderr
    with process.stderr as errors:
        told = errors.read()
    return process.wait(30), told


def run(store: Path, kept: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return command.run("evaluate", *arguments, **settings(store, kept))


def test_everything_is_written(store: Path, small: LevelSet, tmp_path: Path) -> None:
    out = {name: tmp_path / name for name in ("report.json", "summary.json", "page.html", "results")}
    options = ["--json", out["report.json"], "--summary", out["summary.json"], "--html", out["page.html"], "--results", out["results"]]
    done = run(store, tmp_path / "kept", small.folder, *options, "--engine", "stream", "--model", "level")
    assert (done.returncode, done.stderr.count("error")) == (0, 0), done.stderr
    assert f"{IMAGES} images, {IMAGES} with a label, {IMAGES - 3} answered; failed: undecodable_image 3" in done.stdout
    assert len(re.findall(r"\S+ \(undecodable_image\)", done.stdout)) == 3
    assert f"{small.correct} of {IMAGES}" in done.stdout
    report = json.loads(out["report.json"].read_text())
    assert report["accuracy"]["top1"]["correct"] == small.correct
    assert {"model_sha256", "recipe_sha256", "labels_sha256", "list_sha256"} <= report["manifest"].keys()
    assert out["page.html"].read_text().startswith("<!doctype html>")
    assert f"{out['page.html']} is written\n" in done.stdout
    assert len(list(out["results"].iterdir())) == IMAGES - 3
    summary = json.loads(out["summary.json"].read_text())
    assert summary == seeds_own(out["results"], small.folder / "val_label.txt").summary()


def test_a_reduced_decode_is_in_the_report_and_told_apart(store: Path, tmp_path: Path) -> None:
    for class_id in (REDUCED_CLASS, WHOLE_CLASS):
        (tmp_path / f"set/{class_id}").mkdir(parents=True)
        (tmp_path / f"set/{class_id}/{class_id}.jpg").write_bytes(comb())
    (tmp_path / f"set/{WHOLE_CLASS}/comb.png").write_bytes(comb(".png"))
    reports, runs = [], []
    for decode in ("exact", "reduced"):
        done = run(store, tmp_path / "kept", tmp_path / "set", "--decode", decode, "--json", tmp_path / f"{decode}.json")
        assert (done.returncode, "name both runs to evaluate --compare" in done.stdout) == (0, decode == "reduced"), done.stderr
        reports.append(json.loads((tmp_path / f"{decode}.json").read_text()))
        runs += re.findall(r"kept in (\S+)", done.stdout)
    assert [(report["manifest"]["decode"], report["accuracy"]["top1"]["correct"]) for report in reports] == [("exact", 2), ("reduced", 2)]
    compared = run(store, tmp_path / "kept", "--compare", *runs)
    assert "differs: decode: A exact, B reduced" in compared.stdout


def test_interrupted_and_resumed(store: Path, tmp_path: Path) -> None:
    many = make_level_set(tmp_path / "val", 700)
    process = start(store, tmp_path / "kept", many.folder, "--json", tmp_path / "report.json")
    while not any(log.stat().st_size for log in tmp_path.glob("kept/*/predictions.jsonl")):
        assert process.poll() is None
        time.sleep(0.01)
    code, told = interrupt(process)
    assert (code, "Every answer is kept" in told) == (130, True)
    resume = re.findall(r"--resume (\w+)", told)[-1]
    done = run(store, tmp_path / "kept", many.folder, "--json", tmp_path / "report.json", "--resume", resume)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["accuracy"]["top1"]["correct"], report["throughput"]["sessions"]) == (many.correct, 2)
    check_compared(store, tmp_path, resume)
    changed = run(store, tmp_path / "kept", many.folder, "--resume", resume, "--top-k", "3")
    assert (changed.returncode, "top_k was 5 and is 3" in changed.stderr) == (1, True)


@pytest.mark.skipif(find_spec("mxclassify") is None, reason="make mxbase builds it")
def test_all_scores_are_kept_beside_the_log(store: Path, small: LevelSet, tmp_path: Path) -> None:
    done = run(store, tmp_path / "kept", small.folder, "--scores", "--engine", "mxbase")
    assert done.returncode == 0, done.stderr
    (kept,) = (tmp_path / "kept").iterdir()
    table = np.fromfile(kept / "scores.f32", "<f4").reshape(IMAGES, CLASSES)
    for record in map(json.loads, (kept / "predictions.jsonl").read_text().splitlines()):
        scores = table[record["index"]]
        assert [scores[class_id] for class_id, _ in record["top"]] == [score for _, score in record["top"]]
        assert np.isnan(scores).all() == (record["outcome"] != "ok")


def test_scores_that_the_engine_does_not_give_are_refused_and_the_remedy_works(
    store: Path, small: LevelSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FULL_SCORES", "no")
    refused = run(store, tmp_path / "kept", small.folder, "--scores", "--engine", "stream")
    assert (refused.returncode, "scores of the best 16 classes" in refused.stderr, "FULL_SCORES=yes" in refused.stderr) == (1, True, True)
    monkeypatch.setenv("FULL_SCORES", "yes")
    done = run(store, tmp_path / "kept", small.folder, "--scores", "--engine", "stream")
    assert (done.returncode, f"{small.correct} of {IMAGES}" in done.stdout) == (0, True), done.stderr


def check_compared(store: Path, tmp_path: Path, first: str) -> None:
    """With itself, by id and by files."""
    kept = tmp_path / "kept"
    compared = run(store, kept, "--compare", first, kept / first / "report.json", "--json", tmp_path / "compared.json")
    assert compared.returncode == 0, compared.stderr
    assert "exact McNemar p = 1" in compared.stdout
    assert compared.stdout.startswith(f"A is {first}: level ")
    assert json.loads((tmp_path / "compared.json").read_text())["agreement"]["value"] == 1
    assert "is not an evaluation" in run(store, kept, "--compare", first, "nothing").stderr


def test_by_a_running_server(store: Path, small: LevelSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = tmp_path / "elsewhere.txt"
    shutil.copy(small.folder / "val_label.txt", labels)
    with ServerProcess(model_store=store, model="level", api_key="secret") as server:
        options = ["--url", f"{server.url}/", "--labels", labels, "--json", tmp_path / "remote.json", "--html", tmp_path / "page.html"]
        options += ["--results", tmp_path / "results", "--language", "zh"]
        refused = run(store, tmp_path / "kept", small.folder, *options)
        assert (refused.returncode, "API key" in refused.stderr, "[server_refused]" in refused.stderr) == (1, True, True)
        monkeypatch.setenv("API_KEY", "secret")
        done = run(store, tmp_path / "kept", small.folder, *options)
        monkeypatch.delenv("API_KEY")
    assert done.returncode == 0, done.stderr
    assert f"{small.correct} of {IMAGES}" in done.stdout
    assert f"of the model level\nkept as {server.url}/evaluate/" in done.stdout
    assert len(list((tmp_path / "results").iterdir())) == IMAGES - 3
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")
    assert '<html lang="zh-CN">' in (tmp_path / "page.html").read_text()
    local = run(store, tmp_path / "kept", small.folder, "--labels", labels, "--json", tmp_path / "local.json")
    assert local.returncode == 0, local.stderr
    remote, here = (without_times(json.loads((tmp_path / f"{name}.json").read_text())) for name in ("remote", "local"))
    assert {name for name in here if here[name] != remote[name]} == {"manifest"}  # it names the set and where it ran


def test_a_messy_set_is_the_same_here_and_on_a_server(store: Path, tmp_path: Path) -> None:
    for name, content in {
        "set/wrapped/low/1": level_png(4), "set/wrapped/low/deep/2.JPE": level_png(8), "set/wrapped/7/7.txt": level_png(28),
        "set/wrapped/7/notes.xml": b"<a/>", "set/wrapped/7/Thumbs.db": b"x", "set/.DS_Store": b"x", "set/README": b"read me",
    }.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    options = [tmp_path / "set", "--map", "low=0-3", "--map", "low=4,5", "--json"]
    here = run(store, tmp_path / "kept", *options, tmp_path / "here.json")
    with ServerProcess(model_store=store, model="level") as server:
        remote = run(store, tmp_path / "kept", *options, tmp_path / "remote.json", "--url", server.url)
        options[0] = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "set")
        zipped = run(store, tmp_path / "kept", *options, tmp_path / "zipped.json", "--url", server.url)
    assert (here.returncode, remote.returncode, zipped.returncode) == (0, 0, 0), here.stderr + remote.stderr + zipped.stderr
    assert "3 of 4" in here.stdout
    assert "failed: unsupported_image 1" in here.stdout
    assert "2 hidden files and files of systems are left out" in here.stdout
    ours, *theirs = (without_times(json.loads((tmp_path / f"{name}.json").read_text())) for name in ("here", "remote", "zipped"))
    for report in theirs:
        assert {name for name in ours if ours[name] != report[name]} == {"manifest"}


def test_three_images_without_an_answer_are_named(store: Path, tmp_path: Path) -> None:
    (tmp_path / "set/7").mkdir(parents=True)
    for name in "abcde":
        (tmp_path / "set/7" / f"{name}.png").write_bytes(b"text")
    done = run(store, tmp_path / "kept", tmp_path / "set")
    named = "7/a.png (unsupported_image), 7/b.png (unsupported_image), 7/c.png (unsupported_image)"
    assert f"without an answer: {named} and 2 more; see the report" in done.stdout.splitlines(), done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["."], "has no images"),
        (["nowhere"], "nowhere does not exist"),
        ([".", "--url", "ftp://x"], "is not the address"),
        ([".", "--url", "http://127.0.0.1:1"], "does not answer"),
        ([".", "--resume", "nothing"], "is not an evaluation"),
        ([".", "--scores", "--url", "http://127.0.0.1:1"], "without --url"),
        ([".", "--decode", "reduced", "--url", "http://127.0.0.1:1"], "a server decodes as its own setting says"),
        ([".", "--engine", "stream", "--url", "http://127.0.0.1:1"], "a server answers with its own engines"),
        ([".", "--json", "nowhere/report.json"], "nowhere/report.json cannot be written: No such file or directory"),
        ([], "--compare"),
    ],
)
def test_refusals(store: Path, tmp_path: Path, arguments: list[str], words: str) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    done = run(store, tmp_path / "kept", *[str(empty) if argument == "." else argument for argument in arguments])
    assert done.returncode in (1, 2)
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_interrupted_while_a_server_evaluates(store: Path, tmp_path: Path) -> None:
    many = make_level_set(tmp_path / "val", 700)
    with ServerProcess(model_store=store, model="level") as server:
        process = start(store, tmp_path / "kept", many.folder, "--url", server.url)
        while not [job for job in server.client.get("/evaluate").json() if job["done"]]:
            assert process.poll() is None
            time.sleep(0.01)
        code, told = interrupt(process)
        assert (code, "The server goes on" in told) == (130, True)
        resume = re.findall(r"--resume (\w+)", told)[-1]
        done = run(store, tmp_path / "kept", many.folder, "--url", server.url, "--resume", resume)
    assert done.returncode == 0, done.stderr
    assert f"{many.correct} of 700" in done.stdout


def test_the_run_is_told_before_a_file_that_cannot_be_written(store: Path, tmp_path: Path) -> None:
    many = make_level_set(tmp_path / "val", 3)
    (tmp_path / "labels.csv").write_text("name,label\n0.png,\n1.png,\n2.png,0\n")
    done = run(store, tmp_path / "kept", many.folder, "--labels", tmp_path / "labels.csv", "--limit", "1", "--summary", tmp_path / "s.json")
    assert (done.returncode, "No image of this run has a label" in done.stderr) == (1, True), done.stderr
    assert "kept in" in done.stdout


def test_a_server_measures_the_model_that_is_named(store: Path, tmp_path: Path) -> None:
    store_reversed_level_model(store, "other")
    few = make_level_set(tmp_path / "val", 3)
    with ServerProcess(model_store=store, models="level,other") as server:
        done = run(store, tmp_path / "kept", few.folder, "--url", server.url, "--model", "other")
        unknown = run(store, tmp_path / "kept", few.folder, "--url", server.url, "--model", "x" * 65)
    assert (done.returncode, "of the model other\n" in done.stdout) == (0, True), done.stderr
    assert (unknown.returncode, "Traceback" in unknown.stderr) == (1, False), unknown.stderr

"""Remedies for labelled sets, evaluations and comparisons, here and on a server."""

import fcntl
import os
import sys
import time
from pathlib import Path

import pytest

from server.errors import EngineUnavailable, ReloadRefused, ScoresUnavailable
from server.evaluation.evaluation_errors import (
    DatasetForbidden,
    DatasetInvalid,
    DatasetNotFound,
    EvaluationLost,
    EvaluationNotFound,
    EvaluationsFull,
    NotFinished,
    PageUnavailable,
    RunBusy,
    RunInvalid,
    ServerRefused,
)
from server.evaluation.jobs.waiting_places import MAX_WAITING
from server.images.file_errors import FileUnreadable, NoImages, SameResultFile
from server.parity.parity_errors import ParityBroken, RemoteFailed, RemoteUnavailable, SourceInvalid
from tests.level_model import level_png
from tests.remedies.scenario import API_KEY, Place, Refusal, Scenario, after, answered, command, one_of, provokes, said, switch
from tests.server.cli.command import run
from tests.server.evaluation.level_sets import make_level_set

LEVEL = ("--model", "level")


def _set(place: Place, name: str = "val", images: int = 6) -> Path:
    return make_level_set(place.folder / name, images).folder


def _picture(place: Place, name: str = "a.png") -> str:
    (place.folder / name).write_bytes(level_png(40))
    return name


@provokes(DatasetInvalid)
def set_of_two_parts(place: Place) -> Scenario:
    for part in ("train", "val"):
        (place.folder / "set" / part / "level 40").mkdir(parents=True)
        _picture(place, f"set/{part}/level 40/a.png")
    sets = ["set"]
    return Scenario(lambda: command("evaluate", sets[-1], *LEVEL), lambda words: sets.append(one_of(words, "Name one of them:")))


@provokes(ScoresUnavailable)
def scores_that_are_not_served(place: Place) -> Scenario:
    settings = {"FULL_SCORES": "no"}
    folder = _set(place)
    return Scenario(
        lambda: command("evaluate", folder, *LEVEL, "--scores", **settings), lambda words: switch(settings, words, "FULL_SCORES")
    )


@provokes(EvaluationLost)
def evaluations_in_no_folder(place: Place) -> Scenario:
    folder = _set(place)
    settings = {"EVALUATION_DIR": "/dev/null/evaluations"}

    def mend(words: str) -> None:
        said(words, "Set EVALUATION_DIR to a writable folder")
        settings["EVALUATION_DIR"] = "elsewhere"

    return Scenario(lambda: command("evaluate", folder, *LEVEL, **settings), mend)


@provokes(RunInvalid)
def run_with_a_wrong_id(place: Place) -> Scenario:
    folder = _set(place)
    run("evaluate", folder, *LEVEL)
    ids = ["nonsense"]

    def mend(words: str) -> None:
        ids.append(next(path.name for path in Path(one_of(words, "Give an id from")).iterdir() if path.is_dir()))

    return Scenario(lambda: command("evaluate", "--compare", ids[-1], ids[-1]), mend)


@provokes(RunBusy)
def run_that_another_process_goes_on_with(place: Place) -> Scenario:
    folder = _set(place)
    run("evaluate", folder, *LEVEL)
    log = next(place.folder.rglob("predictions.jsonl"))
    other = os.open(log, os.O_RDWR)
    fcntl.flock(other, fcntl.LOCK_EX)
    return Scenario(
        lambda: command("evaluate", folder, *LEVEL, "--resume", log.parent.name),
        after("end that process; then resume it", do=lambda: os.close(other)),
    )


@provokes(ServerRefused)
def evaluation_without_the_key(place: Place) -> Scenario:
    folder = _set(place)
    (place.folder / "key").write_text(API_KEY)
    options: list[str] = []
    return Scenario(
        lambda: command("evaluate", folder, "--url", place.keyed_server.url, *options),
        lambda words: options.extend((one_of(words, "of that server:"), "key")),
    )


@provokes(ServerRefused)
def evaluation_by_nobody(place: Place) -> Scenario:
    folder = _set(place)
    urls = ["http://127.0.0.1:9"]
    return Scenario(
        lambda: command("evaluate", folder, "--url", urls[-1]), after("correct --url", do=lambda: urls.append(place.server.url))
    )


@provokes(RemoteFailed)
def parity_without_the_key(place: Place) -> Scenario:
    (place.folder / "key").write_text(API_KEY)
    options: list[str] = []
    return Scenario(
        lambda: command("convert", "parity", "level", place.keyed_server.url, "--images", _picture(place), *options),
        lambda words: options.extend((one_of(words, "of that server:"), "key")),
    )


@provokes(RemoteFailed)
def classify_without_the_key(place: Place) -> Scenario:
    (place.folder / "key").write_text(API_KEY)
    options: list[str] = []
    return Scenario(
        lambda: command("classify", _picture(place), "--url", place.keyed_server.url, *options),
        lambda words: options.extend((one_of(words, "of that server:"), "key")),
    )


@provokes(RemoteUnavailable)
def parity_with_nobody(place: Place) -> Scenario:
    urls = ["http://127.0.0.1:9"]
    return Scenario(
        lambda: command("convert", "parity", "level", urls[-1], "--images", _picture(place)),
        after("correct the URL", do=lambda: urls.append(place.server.url)),
    )


@provokes(SourceInvalid)
def side_of_an_earlier_version(place: Place) -> Scenario:
    sides = ["level@host"]
    return Scenario(
        lambda: command("convert", "parity", "level", sides[-1], "--images", _picture(place)),
        lambda words: sides.append(words.partition("Write ")[2]),
    )


@provokes(ParityBroken)
def sides_that_differ(place: Place) -> Scenario:
    """Another bound is the decision of the user."""
    bounds: list[object] = []
    return Scenario(
        lambda: command("convert", "parity", "level", "resnext_digits", "--images", _picture(place), *bounds),
        after("--min-top1", "--max-difference", do=lambda: bounds.extend(("--min-top1", 0, "--min-top5", 0, "--max-difference", 1))),
    )


@provokes(FileUnreadable)
def file_that_is_missing(place: Place) -> Scenario:
    return Scenario(lambda: command("classify", "a.png", *LEVEL), lambda _: _picture(place))


@provokes(NoImages)
def folder_without_images(place: Place) -> Scenario:
    (place.folder / "empty").mkdir()
    names = ["empty"]
    return Scenario(
        lambda: command("classify", names[-1], *LEVEL),
        after("Name files, or folders of images", do=lambda: names.append(_picture(place))),
    )


@provokes(SameResultFile)
def images_of_one_result(place: Place) -> Scenario:
    (place.folder / "in").mkdir()
    _picture(place, "in/a.png")
    _picture(place, "in/a.jpg")
    return Scenario(
        lambda: command("infer-dir", "in", "out", *LEVEL),
        after("Rename one of them", do=lambda: (place.folder / "in/a.jpg").rename(place.folder / "in/b.jpg")),
    )


@provokes(EngineUnavailable)
def engine_with_a_wrong_name(place: Place) -> Scenario:
    settings = {"ENGINES": "strem"}

    def mend(words: str) -> None:
        settings["ENGINES"] = one_of(words, "a list of")

    return Scenario(lambda: command("classify", _picture(place), *LEVEL, **settings), mend)


@provokes(PageUnavailable)
def page_without_its_library(place: Place) -> Scenario:
    """Without matplotlib; to install it is to find it again."""
    folder = _set(place)
    patch = pytest.MonkeyPatch()
    patch.setitem(sys.modules, "matplotlib", None)
    for name in [name for name in sys.modules if name.startswith("matplotlib.") or name == "server.evaluation.report.report_plots"]:
        patch.delitem(sys.modules, name)

    def mend(words: str) -> None:
        said(words, "ascend-classify[report]")
        patch.undo()

    return Scenario(lambda: command("evaluate", folder, *LEVEL, "--html", "report.html"), mend)


def _start(place: Place, dataset: str) -> Refusal | None:
    return answered(place.send("POST", "/evaluate", json={"dataset": dataset}))


def _cancel_all(place: Place) -> None:
    for job in place.send("GET", "/evaluate").json():
        if job["state"] in ("queued", "running"):
            place.send("DELETE", f"/evaluate/{job['id']}")
    while any(job["state"] in ("queued", "running") for job in place.send("GET", "/evaluate").json()):
        time.sleep(0.02)


@provokes(DatasetNotFound)
def root_with_a_wrong_name(place: Place) -> Scenario:
    names = ["vall"]
    return Scenario(lambda: _start(place, names[-1]), lambda words: names.append(one_of(words, "names:")))


@provokes(DatasetForbidden)
def path_that_leads_out(place: Place) -> Scenario:
    names = ["val/../val"]
    return Scenario(lambda: _start(place, names[-1]), after("relative path without `..`", do=lambda: names.append("val")))


@provokes(EvaluationNotFound)
def evaluation_with_a_wrong_id(place: Place) -> Scenario:
    _start(place, "val")
    paths = ["/evaluate/none"]

    def mend(words: str) -> None:
        said(words, "GET /evaluate lists them")
        paths.append(f"/evaluate/{place.send('GET', '/evaluate').json()[0]['id']}")

    return Scenario(lambda: answered(place.send("GET", paths[-1])), mend)


@provokes(NotFinished)
def report_before_the_end(place: Place) -> Scenario:
    _cancel_all(place)
    path = str(place.send("POST", "/evaluate", json={"dataset": "long", "limit": 800}).headers["Location"])

    def mend(words: str) -> None:
        said(words, f"GET {path} shows its progress")
        while place.send("GET", path).json()["state"] in ("queued", "running"):
            time.sleep(0.02)

    return Scenario(lambda: answered(place.send("GET", f"{path}/report")), mend)


@provokes(EvaluationsFull)
def evaluations_above_the_limit(place: Place) -> Scenario:
    _cancel_all(place)
    for _ in range(4 * MAX_WAITING):  # some may be over before the last one is asked for
        if _start(place, "long"):
            break

    def mend(words: str) -> None:
        said(words, "Wait until one begins, or cancel one")
        _cancel_all(place)

    return Scenario(lambda: _start(place, "val"), mend)


@provokes(ReloadRefused)
def reload_during_an_evaluation(place: Place) -> Scenario:
    _cancel_all(place)
    _start(place, "long")
    while not any(job["state"] == "running" for job in place.send("GET", "/evaluate").json()):
        time.sleep(0.02)

    def mend(words: str) -> None:
        said(words, "Wait for its end, or cancel the evaluation")
        _cancel_all(place)
        end_s = time.monotonic() + 20
        while answered(place.send("POST", "/admin/models/reload")) and time.monotonic() < end_s:
            time.sleep(0.1)  # until its last images are answered

    return Scenario(lambda: answered(place.send("POST", "/admin/models/reload")), mend)

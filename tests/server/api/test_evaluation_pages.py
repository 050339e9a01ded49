"""The pages of evaluations as the server draws them: what they show, and that names which people choose stay text."""

import html
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from server.evaluation.jobs.evaluation_job import JobState
from server.evaluation.report.intervals import mcnemar_p, paired_difference
from server.evaluation.run.records import PredictionLog
from server.evaluation.run.run_folder import RunFolder
from server.web.server_words import explained
from server.words.language import Language
from tests.level_model import CLASSES, SIDE_PX, level_graph, level_png, store_level_model, store_reversed_level_model
from tests.made_model import store_made_model
from tests.server.evaluation.level_sets import LevelSet, finished, make_level_set
from tests.server.evaluation.made_run import answer, class_names, made_manifest
from tests.server.process import ServerProcess

HTML = {"Accept": "text/html"}
MINUS, DASH, SLASH = "\u2212", "\u2013", "\u2215"
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' autofocus onfocus='alert(1)",
    "</title></script><b>",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
    "\u202egnp.exe",
)


@pytest.fixture(scope="module")
def val(tmp_path_factory: pytest.TempPathFactory) -> LevelSet:
    return make_level_set(tmp_path_factory.mktemp("val") / "val", 200, damaged=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, val: LevelSet) -> Iterator[ServerProcess]:
    store = tmp_path_factory.mktemp("store")
    store_level_model(store)
    store_reversed_level_model(store, "other")
    with ServerProcess(model_store=store, models="level,other", evaluation_roots=f"val={val.folder}") as server:
        yield server
        assert server.troubles() == []


def measured(server: ServerProcess, **wanted: object) -> str:
    made = server.client.post("/evaluate", json={"dataset": "val", **wanted})
    assert made.status_code == 202, made.text
    finished(server, made.headers["location"])
    return str(made.json()["id"])


def drawn(server: ServerProcess, path: str, **headers: str) -> str:
    reply = server.client.get(path, headers=HTML | headers)
    assert (reply.status_code, reply.headers["content-type"]) == (200, "text/html; charset=utf-8"), reply.text
    assert "script-src 'self';" in reply.headers["content-security-policy"]
    return reply.text


def words(page: str) -> str:
    """What a person reads, in one line."""
    body = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def test_the_same_address_is_a_page_or_json(server: ServerProcess) -> None:
    one = measured(server, limit=5)
    for path in ("/evaluate", f"/evaluate/{one}"):
        assert server.client.get(path).headers["content-type"] == "application/json"
        assert f"evaluate/{one}" in drawn(server, path) or one in drawn(server, path)


def test_the_list_has_the_figures_of_each(server: ServerProcess, val: LevelSet) -> None:
    one = measured(server)
    reply = server.client.get(f"/evaluate/{one}").json()
    low, high = reply["top1_interval"]
    row = words(re.findall(rf'<tr id="row-{one}".*?</tr>', drawn(server, "/evaluate"), re.DOTALL)[0])
    assert "val finished level f32 200 / 200" in row
    assert f"{val.correct / 2:.2f}% {low:.2%} to {high:.2%}" in row


def test_one_shows_its_way_and_its_failures(server: ServerProcess) -> None:
    page = drawn(server, f"/evaluate/{measured(server)}")
    assert "7.png undecodable_image" in words(page)
    assert "107.png undecodable_image" in words(page)
    assert '"points": [[1, ' in page
    assert words(drawn(server, f"/evaluate/{measured(server)}", **{"Accept-Language": "zh"})).count("已完成") == 1


def test_two_compared(server: ServerProcess, val: LevelSet) -> None:
    a, b = measured(server), measured(server, model="other")
    told = server.client.get("/evaluate/compare", params={"a": a, "b": b}).json()
    only_a, only_b = told["only_a_right"], told["only_b_right"]
    assert only_a == val.correct
    assert (told["difference"], tuple(told["difference_interval"])) == paired_difference(only_a, only_b, 200)
    assert told["p"] == mcnemar_p(only_a, only_b)
    assert len(told["flipped"]) == 30
    page = drawn(server, f"/evaluate/compare?a={a}&b={b}")
    assert page.count("data:image/jpeg;base64,") == 30
    said = words(page)
    assert f"{100 * told['difference']:+.2f}".replace("-", MINUS) in said
    assert "A is right more often, and more than chance explains." in said
    assert "model level other" in said
    assert "level 16" in said


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("a=0123456789abcdef&b=0123456789abcdef", 404, "not_found"),
        ("a=../../etc&b=x", 404, "not_found"),
        ("a=1", 400, "bad_request"),
    ],
)
def test_what_cannot_be_compared(server: ServerProcess, query: str, status: int, code: str) -> None:
    reply, page = (server.client.get(f"/evaluate/compare?{query}", headers=headers) for headers in ({}, HTML))
    assert (reply.status_code, reply.json()["code"], page.status_code) == (status, code, status)
    assert code in page.text


def test_runs_without_common_images_are_refused(server: ServerProcess) -> None:
    command_line_run(server, "c" * 16, dataset="set")
    reply = server.client.get(f"/evaluate/compare?a={measured(server, limit=1)}&b={'c' * 16}")
    assert (reply.status_code, reply.json()["code"]) == (400, "bad_request")
    assert "different" in reply.json()["error"] or "no images in common" in reply.json()["error"]


def command_line_run(server: ServerProcess, run_id: str, dataset: str, *, whole: bool = True) -> None:
    folder = RunFolder(Path(server.evaluations) / run_id)
    folder.begin(made_manifest(2, dataset=dataset))
    with PredictionLog(folder.log) as log:
        log.append(answer(0, 1, 1).model_copy(update={"name": f"{dataset}.png", "elapsed_s": 1.0}))
    if whole:
        folder.finish(class_names(4))


def test_runs_of_the_command_line_are_shown_and_read(server: ServerProcess) -> None:
    measured(server, limit=1)
    command_line_run(server, "a" * 16, "of_cli")
    row = words(re.findall(rf'<tr id="row-{"a" * 16}".*?</tr>', drawn(server, "/evaluate"), re.DOTALL)[0])
    assert row.startswith(f"of_cli command line finished made {DASH} 1 / 2")
    assert server.client.get(f"/evaluate/{'a' * 16}").json()["by"] == "command line"
    assert server.client.get(f"/evaluate/{'a' * 16}/report").json()["manifest"]["dataset"] == "of_cli"
    assert server.client.post(f"/evaluate/{'a' * 16}/resume").json()["state"] == "finished"
    assert server.client.delete(f"/evaluate/{'a' * 16}").status_code == 200
    assert not (Path(server.evaluations) / ("a" * 16)).exists()


def test_one_that_may_still_run_is_not_removed(server: ServerProcess) -> None:
    measured(server, limit=1)
    command_line_run(server, "b" * 16, "half", whole=False)
    page = drawn(server, f"/evaluate/{'b' * 16}")
    assert f"--resume {'b' * 16}" in words(page)
    assert "data-act" not in page
    refusal = server.client.delete(f"/evaluate/{'b' * 16}")
    assert (refusal.status_code, refusal.json()["code"]) == (409, "not_finished")
    assert server.client.get(f"/evaluate/{'b' * 16}").json()["state"] == JobState.UNFINISHED


class Elements(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def check_harmless(page: str) -> None:
    for tag, attributes in Elements(page).found:
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        assert tag != "script" or "src" in attributes or attributes.get("type") == "application/json"
        assert not (attributes.get("href") or "").strip().lower().startswith("javascript:")
        assert "autofocus" not in attributes
    assert len(re.findall(r"<b>|<svg onload|<img src=x", page)) == 0


def test_names_that_people_choose_stay_text(tmp_path: Path) -> None:
    """Roots, folders, classes, files."""
    names = [f"class {number} {HOSTILE[number % len(HOSTILE)]}" for number in range(CLASSES)]
    store_made_model(tmp_path / "store", "level", "level", level_graph(1), names, SIDE_PX)
    hostile = {n: text.replace("/", SLASH).replace(",", "") for n, text in enumerate(HOSTILE)}
    root = tmp_path / "root"
    for number, text in hostile.items():
        folder = root / text
        folder.mkdir(parents=True)
        (folder / f"{text}.png").write_bytes(level_png(4 * number))
        (folder / f"{text} broken.png").write_bytes(b"no picture")
        quoted = text.replace('"', '""')
        (folder / "labels.csv").write_text(f'name,label\n"{quoted}.png",{number}\n"{quoted} broken.png",{number}\n')
    with ServerProcess(model_store=tmp_path / "store", model="level", evaluation_roots=f"<b>root={root}") as server:
        ids = []
        for text in hostile.values():
            made = server.client.post("/evaluate", json={"dataset": f"<b>root/{text}"})
            assert made.status_code == 202, made.text
            finished(server, made.headers["location"])
            ids.append(made.json()["id"])
        pages = [drawn(server, "/evaluate"), *(drawn(server, f"/evaluate/{one}") for one in ids)]
        pages += [drawn(server, f"/evaluate/compare?a={one}&b={one}") for one in ids]
    for page in pages:
        check_harmless(page)
    assert all(text in words(pages[0]) for text in map(" ".join, (text.split() for text in hostile.values())))
    assert all(f"{text} broken.png" in words(page) for text, page in zip(hostile.values(), pages[1:], strict=False))


def test_a_resumed_one_took_as_long_as_its_sessions(server: ServerProcess) -> None:
    """Its begin is put back by a day."""
    one = measured(server, limit=3)
    with closing(sqlite3.connect(Path(server.evaluations) / "jobs.sqlite")) as jobs, jobs:
        jobs.execute("update jobs set started_s = started_s - 86400 where id = ?", (one,))
    row = re.findall(rf'<tr id="row-{one}".*?</tr>', drawn(server, "/evaluate"), re.DOTALL)[0]
    duration_s, _created_s = re.findall(r'data-value="([0-9.]+)"', row)[-2:]
    assert float(duration_s) < 3600


@pytest.mark.parametrize("code", ["evaluation_lost", None, "of_a_later_version"])
def test_why_one_failed_is_told_in_the_language_of_the_page(server: ServerProcess, code: str | None) -> None:
    """By its code, where it has one that is known; what the server said stands there too, as English."""
    one = measured(server, limit=3)
    with closing(sqlite3.connect(Path(server.evaluations) / "jobs.sqlite")) as jobs, jobs:
        jobs.execute("update jobs set state = 'failed', error = 'No <b>room</b>.', code = ? where id = ?", (code, one))
    assert server.client.get(f"/evaluate/{one}").json()["code"] == code
    pages = [drawn(server, f"/evaluate/{one}", **{"Accept-Language": language}) for language in Language]
    english, chinese = (re.findall(r'<div id="error">(.*?)</div>', page)[0] for page in pages)
    assert words(english) == "No <b>room</b>."
    assert words(chinese) == f"{explained(code, Language.ZH)} No <b>room</b>.".strip()
    assert all(each.endswith('lang="en">No &lt;b&gt;room&lt;/b&gt;.</p>') for each in (english, chinese))


def test_reports_of_a_model_that_is_served_no_more_come_without_pictures(tmp_path: Path, val: LevelSet) -> None:
    store_level_model(tmp_path / "store")
    store_reversed_level_model(tmp_path / "store", "other")
    settings: dict[str, Any] = {
        "model_store": tmp_path / "store",
        "evaluation_roots": f"val={val.folder}",
        "evaluation_dir": tmp_path / "kept",
    }
    with ServerProcess(models="level,other", **settings) as server:
        one = measured(server, model="other", limit=20)
    with ServerProcess(model="level", **settings) as server:
        for path in (f"/evaluate/{one}/report", f"/evaluate/compare?a={one}&b={one}"):
            assert "data:image/jpeg" not in drawn_report(server, path)


def drawn_report(server: ServerProcess, path: str) -> str:
    reply = server.client.get(path, headers=HTML)
    assert reply.status_code == 200, reply.text
    return reply.text

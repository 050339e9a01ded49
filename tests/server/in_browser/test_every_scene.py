"""What opens on a page, looked at as test_every_page.py looks at pages: many photos, a map, the camera, dialogs, a comparison."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from server.evaluation.report.comparison_html import render_comparison
from server.evaluation.report.thumbnails import thumbnail
from server.words.language import Language
from tests.level_model import store_level_model, store_reversed_level_model
from tests.server.browser import browser, complaints
from tests.server.evaluation.level_sets import finished, make_level_set
from tests.server.evaluation.report.test_comparison_html import compared
from tests.server.in_browser.classify_page import CAT, broken_png, choose, click, level_photos, pick, select, until
from tests.server.in_browser.looks import PAIRS, keep, needs_axe, open_page, wrong_with
from tests.server.process import ServerProcess

__all__ = ["browser"]  # a fixture
pytestmark = needs_axe


@dataclass(frozen=True)
class Stage:
    """A server of two models, two evaluations on it, and photos of which one is broken."""

    server: ServerProcess
    evaluations: dict[str, str]
    photos: list[Path]


@dataclass(frozen=True)
class Scene:
    """A page, what a person does there, and what Chromium may say of it. `{a}` and `{b}` are evaluations."""

    path: str
    play: Callable[[Chrome, Stage], None]
    said: str = "\0"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    store_level_model(folder / "store", "level")
    store_reversed_level_model(folder / "store", "other")
    val = make_level_set(folder / "val", 200, damaged=True)
    photos = level_photos(folder / "photos", 8, 40, 80, 120, 160)
    (folder / "photos/broken.png").write_bytes(broken_png())
    with ServerProcess(model_store=folder / "store", models="level,other", evaluation_roots=f"val={val.folder}") as server:
        made = {}
        for name, model in (("a", "level"), ("b", "other")):
            reply = server.client.post("/evaluate", json={"dataset": "val", "model": model})
            finished(server, reply.headers["location"])
            made[name] = reply.json()["id"]
        yield Stage(server, made, [*photos, folder / "photos/broken.png"])


def nothing(_page: Chrome, _stage: Stage) -> None:
    """Only look."""


def many(page: Chrome, stage: Stage) -> None:
    choose(page, *stage.photos)
    until(page, "#go-on:not([hidden])")
    click(page, ".card:nth-child(2) .card-open")


def why(page: Chrome, _stage: Stage) -> None:
    pick(page, CAT)
    click(page, "#why .button")
    until(page, ".why-answer[aria-busy=false] .why-figure")
    click(page, ".why-numbers summary")


def camera(page: Chrome, _stage: Stage) -> None:
    click(page, "#camera")
    until(page, "#camera-bar:not([hidden])")


def link_and_code(page: Chrome, _stage: Stage) -> None:
    click(page, "#link")
    click(page, ".code summary")


def two_models(page: Chrome, stage: Stage) -> None:
    until(page, "#model option")
    select(page, "second", "other")
    pick(page, stage.photos[0])
    until(page, "#second-result[data-state=done]")


def archive(page: Chrome, _stage: Stage) -> None:
    click(page, "[name=source][value=archive]")
    click(page, ".more summary")


def asked(button: str) -> Callable[[Chrome, Stage], None]:
    """A click on what asks before it does something."""

    def play(page: Chrome, _stage: Stage) -> None:
        click(page, button)
        until(page, "dialog[open]")

    return play


def drain(page: Chrome, stage: Stage) -> None:
    until(page, "#actions:not([hidden])")
    asked("#drain")(page, stage)


SCENES = {
    "a page that is not there": Scene("/nothing", nothing, said="404 (Not Found)"),
    "many photos": Scene("/", many),
    "why": Scene("/", why),
    "camera": Scene("/", camera),
    "link and code": Scene("/", link_and_code),
    "two models": Scene("/", two_models),
    "an archive": Scene("/evaluate", archive),
    "what flipped": Scene("/evaluate/compare?a={a}&b={b}", nothing),
    "to delete": Scene("/evaluate/{a}", asked("[data-act=remove]")),
    "to reload": Scene("/models", asked("[data-action=reload]")),
    "to drain": Scene("/status", drain),
}


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_for_everyone(browser: Chrome, stage: Stage, name: str) -> None:
    scene, wrong = SCENES[name], list[str]()
    complaints(browser)
    for look in PAIRS:
        open_page(browser, stage.server.url, scene.path.format(**stage.evaluations), look)
        scene.play(browser, stage)
        wrong += [f"{look}: {each}" for each in wrong_with(browser) if scene.said not in each]
        keep(browser, name, look)
    assert wrong == []


def test_the_file_of_a_comparison_is_for_everyone(browser: Chrome, cat: bytes, tmp_path: Path) -> None:
    wrong: list[str] = []
    complaints(browser)
    for look in PAIRS:
        file = tmp_path / f"{look.language}.html"
        file.write_text(render_comparison(compared(), {"5.png": thumbnail(cat, 1_000_000)}, Language(look.language)), "utf-8")
        look.take(browser)
        browser.get(file.as_uri())
        wrong += [f"{look}: {each}" for each in wrong_with(browser)]
        keep(browser, "file of a comparison", look)
    assert wrong == []

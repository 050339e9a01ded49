"""A server of several models on the page: one by its name, two beside each other, a calibrated one with its prediction set."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from models.store import sha256_of
from tests.level_model import store_level_model, store_reversed_level_model
from tests.made_model import change_model
from tests.server.browser import browser, complaints, open_afresh
from tests.server.calibration.calibration_made import made_calibration
from tests.server.in_browser.classify_page import choose, level_photos, pick, select, shown, texts, until, until_text
from tests.server.process import ServerProcess

__all__ = ["browser"]  # a fixture
MARKUP = "<img src=x onerror=document.title=1>"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The default has a class with markup in its label; the second has its classes the other way round and a calibration."""
    root = tmp_path_factory.mktemp("store")
    first = store_level_model(root, "first")
    labels = first.folder / "level.names"
    labels.write_text(labels.read_text().replace("level 40\n", f"{MARKUP}\n"))
    change_model(first, labels_sha256=sha256_of(labels))
    second = store_reversed_level_model(root, "second")
    second.manifest.model_copy(update={"calibration": made_calibration(second)}).write(second.folder / "manifest.toml")
    with ServerProcess(model_store=root, models="first,second", engines="stream", streams_per_device=1) as server:
        server.log("ready: second")
        yield server


@pytest.fixture
def page(browser: Chrome, server: ServerProcess) -> Chrome:
    open_afresh(browser, f"{server.url}/")
    until(browser, "#model option")
    return browser


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return level_photos(tmp_path, 40)[0]


def test_a_label_with_markup_stays_text(page: Chrome, photo: Path) -> None:
    pick(page, photo)
    until_text(page, ".past-class", MARKUP)
    assert texts(page, "#predictions .label")[0] == MARKUP
    assert page.find_elements(By.CSS_SELECTOR, "img[src=x]") == []
    assert page.title.startswith("Classify photos")


def test_another_model_is_asked_at_once(page: Chrome, photo: Path) -> None:
    assert [option.text for option in Select(page.find_element(By.ID, "model")).options] == ["first", "second"]
    pick(page, photo)
    select(page, "model", "second")
    until_text(page, "#reading-model", "second")
    assert texts(page, "#predictions .label")[0] == "level 212"
    assert "model=second" in str(page.find_element(By.ID, "code-text").get_property("textContent"))


def test_two_models_answer_beside_each_other(page: Chrome, photo: Path) -> None:
    assert not shown(page, "#second-result")
    select(page, "second", "second")
    pick(page, photo)
    until(page, "#second-result[data-state=done]")
    assert texts(page, ".result h2") == ["first", "second"]
    assert [texts(page, f"#{prefix}predictions .label")[0] for prefix in ("", "second-")] == [MARKUP, "level 212"]
    left, right = (page.find_element(By.ID, name).rect for name in ("result", "second-result"))
    assert (left["y"], left["width"]) == (right["y"], right["width"])
    select(page, "second", "")
    assert not shown(page, "#second-result")
    assert complaints(page) == []


def test_many_photos_go_to_the_chosen_model(page: Chrome, tmp_path: Path) -> None:
    select(page, "model", "second")
    choose(page, *level_photos(tmp_path, 8, 200))
    until(page, "#go-on:not([hidden])")
    assert texts(page, ".card .card-class") == ["level 244", "level 52"]


def test_a_calibrated_model_gives_its_set(page: Chrome, photo: Path) -> None:
    assert not shown(page, "#set-choice")
    select(page, "model", "second")
    assert [option.text for option in Select(page.find_element(By.ID, "coverage")).options] == ["none", "90%", "95%"]
    pick(page, photo)
    assert page.find_element(By.ID, "status").text == "calibrated probability"
    select(page, "coverage", "0.95")
    until_text(page, "#set-text", "with a probability of 95% or more")
    assert texts(page, "#set-classes li")[0] == "level 212"
    select(page, "model", "first")  # which has no calibration: it is asked for no set
    until_text(page, "#reading-model", "first")
    assert not shown(page, "#set")

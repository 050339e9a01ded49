"""Many photos on the page at once, in a real browser: in batches, as a grid, sorted, as files; a broken one, a full server, a folder."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from tests.level_model import level_png, store_level_model
from tests.server.browser import browser, complaints, open_afresh
from tests.server.in_browser.classify_page import (
    WAIT_S,
    broken_png,
    choose,
    click,
    drop,
    level_photos,
    select,
    shown,
    texts,
    until,
    until_text,
    write,
)
from tests.server.process import ServerProcess

__all__ = ["browser"]  # a fixture
LEVELS = (8, 40, 80, 120, 160, 200, 16, 24, 32, 48, 56)
MARKUP = "<img src=x onerror=document.title=1>"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    root = tmp_path_factory.mktemp("store")
    store_level_model(root, "level")
    with ServerProcess(model_store=root, models="level", engines="stream", streams_per_device=1) as server:
        yield server


@pytest.fixture
def page(browser: Chrome, server: ServerProcess) -> Chrome:
    open_afresh(browser, f"{server.url}/")
    until(browser, "#result[data-state=idle]")
    return browser


@pytest.fixture(scope="module")
def twelve(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Eleven good photos and a broken one."""
    folder = tmp_path_factory.mktemp("photos")
    broken = folder / "broken.png"
    broken.write_bytes(broken_png())
    return [*level_photos(folder, *LEVELS), broken]


def ended(page: Chrome, progress: str) -> None:
    until(page, "#go-on:not([hidden])")
    assert page.find_element(By.ID, "progress-text").text == progress


def saved(page: Chrome, folder: Path, kind: str) -> str:
    page.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)})
    click(page, f"#{kind}")
    path = folder / f"classes.{kind}"
    WebDriverWait(page, WAIT_S).until(lambda _: path.exists() and path.stat().st_size > 0)
    return path.read_text("utf-8")


def test_eleven_are_answered_and_the_broken_one_has_the_servers_words(page: Chrome, server: ServerProcess, twelve: list[Path]) -> None:
    before = server.metric("classify_http_requests_total", endpoint="/classify/batch")
    drop(page, *twelve)
    ended(page, "12 of 12 · 1 without a result")
    assert server.metric("classify_http_requests_total", endpoint="/classify/batch") == before + 2  # eight, and four
    answered = dict(zip(texts(page, ".card .card-name"), texts(page, ".card .card-class"), strict=True))
    assert {name: answered[name] for name in answered if name != "broken.png"} == {f"{level}.png": f"level {level}" for level in LEVELS}
    assert "checksum" in answered["broken.png"]
    page.execute_script("document.getElementById('cards').scrollIntoView()")  # a thumbnail is made when its card comes near
    until(page, ".card:nth-child(1) .card-photo[src^='data:image/jpeg']")
    assert complaints(page) == []


def test_they_are_sorted_and_opened(page: Chrome, twelve: list[Path]) -> None:
    choose(page, *twelve)
    ended(page, "12 of 12 · 1 without a result")
    by_name = sorted(f"{level:03}.png" for level in LEVELS)
    assert texts(page, ".card .card-name") == [*(name.lstrip("0") for name in by_name), "broken.png"]
    select(page, "order", "class")
    assert texts(page, ".card .card-class")[:11] == sorted((f"level {level}" for level in LEVELS), key=str)
    assert texts(page, ".card .card-name")[-1] == "broken.png"
    for order, step in (("confidence", -1), ("doubt", 1)):
        select(page, "order", order)
        scores = [float(score.removesuffix("%")) for score in texts(page, ".card .card-score")[:11]]
        assert scores == sorted(scores, reverse=step < 0)
    select(page, "order", "name")
    click(page, ".card:nth-child(5) .card-open")
    assert page.find_element(By.ID, "photo-name").text.startswith("40.png, ")
    assert texts(page, "[aria-current=true] .card-name") == ["40.png"]
    assert texts(page, "#predictions .label")[0] == "level 40"
    click(page, ".card:nth-child(12) .card-open")
    until(page, "#result[data-state=error]")
    assert page.find_element(By.ID, "notice-details").text == "undecodable_image"


def test_csv_and_json_hold_what_is_shown(page: Chrome, twelve: list[Path], tmp_path: Path) -> None:
    write(page, "top-k", "2")
    choose(page, *twelve)
    ended(page, "12 of 12 · 1 without a result")
    rows = list(csv.DictReader(saved(page, tmp_path, "csv").splitlines()))
    assert list(rows[0]) == ["image", "rank", "class_id", "label", "score", "error", "code"]
    good = {row["image"]: row["label"] for row in rows if row["rank"] == "1"}
    assert good == {f"{level}.png": f"level {level}" for level in LEVELS}
    assert len(rows) == 2 * len(LEVELS) + 1
    [refused] = [row for row in rows if row["code"]]
    assert (refused["image"], refused["code"], refused["rank"]) == ("broken.png", "undecodable_image", "")
    assert "checksum" in refused["error"]
    told = {entry["image"]: entry for entry in json.loads(saved(page, tmp_path, "json"))}
    assert told["40.png"]["predictions"][0]["class_id"] == 10
    assert told["40.png"]["model"] == "level"
    assert set(told["broken.png"]) == {"image", "error", "code"}


def test_names_with_markup_and_formulas_stay_text(page: Chrome, tmp_path: Path) -> None:
    names = [f"{MARKUP}.png", "=HYPERLINK(1), or so.png"]
    for name in names:
        (tmp_path / name).write_bytes(level_png(40))
    choose(page, *(tmp_path / name for name in names))
    ended(page, "2 of 2")
    assert sorted(texts(page, ".card .card-name")) == sorted(names)
    click(page, f".card-open[title='{names[0]}']")
    until_text(page, "#photo-name", names[0])
    assert page.find_elements(By.CSS_SELECTOR, "img[src=x]") == []
    assert page.title.startswith("Classify photos")
    images = [row["image"] for row in csv.DictReader(saved(page, tmp_path / "saved", "csv").splitlines()) if row["rank"] == "1"]
    assert images == [names[0], f"'{names[1]}"]


def test_a_folder_gives_its_pictures(page: Chrome, tmp_path: Path) -> None:
    level_photos(tmp_path / "set" / "dark", 8, 16)
    level_photos(tmp_path / "set" / "light", 200)
    level_photos(tmp_path / "set" / ".thumbnails", 40)
    (tmp_path / "set" / "notes.txt").write_text("not a picture")
    page.find_element(By.ID, "folder").send_keys(str(tmp_path / "set"))
    until_text(page, "#progress-text", "3 of 3")
    assert texts(page, ".card .card-name") == ["set/dark/8.png", "set/dark/16.png", "set/light/200.png"]
    assert texts(page, ".card .card-class") == ["level 8", "level 16", "level 200"]


def test_a_folder_and_a_photo_are_dropped(page: Chrome, tmp_path: Path) -> None:
    level_photos(tmp_path / "set" / "inner", 8, 16)
    [alone] = level_photos(tmp_path, 200)
    (tmp_path / "set" / "notes.txt").write_text("not a picture")
    drop(page, tmp_path / "set", alone)
    ended(page, "3 of 3 · 1 other files left out")
    assert texts(page, ".card .card-name") == ["200.png", "set/inner/8.png", "set/inner/16.png"]


def test_further_ones_join_and_all_are_cleared(page: Chrome, twelve: list[Path]) -> None:
    choose(page, *twelve[:3])
    choose(page, *twelve[3:5])
    until_text(page, "#progress-text", "5 of 5")
    click(page, "#go-on")  # all once more
    page.execute_script("document.getElementById('clear').click()")  # while they are on their way
    assert not shown(page, "#many")
    choose(page, *twelve[:2])
    until_text(page, "#progress-text", "2 of 2")
    ended(page, "2 of 2")


def test_a_full_server_is_given_its_time(browser: Chrome, tmp_path: Path) -> None:
    """Its window holds two: of sixteen photos in flight most are refused, and sent again."""
    photos = level_photos(tmp_path, *range(0, 96, 4))
    with ServerProcess(engines="fake", window=2, max_batch_items=3) as server:
        browser.get(f"{server.url}/")
        until(browser, "#result[data-state=idle]")
        WebDriverWait(browser, WAIT_S).until(lambda _: server.metric("classify_http_requests_total", endpoint="/info") >= 1)
        choose(browser, *photos)
        WebDriverWait(browser, 60).until(lambda _: "24 of 24" in browser.find_element(By.ID, "progress-text").text)
        assert browser.find_element(By.ID, "progress-text").text.startswith("24 of 24")
        assert all(text.startswith("class ") for text in texts(browser, ".card .card-class"))
        assert server.metric("classify_rejected_total", reason="saturated") >= 1


def test_it_stops_and_goes_on(browser: Chrome, tmp_path: Path) -> None:
    photos = level_photos(tmp_path, *range(0, 96, 4))
    with ServerProcess(engines="fake", window=1, max_batch_items=1) as server:
        browser.get(f"{server.url}/")
        until(browser, "#result[data-state=idle]")
        choose(browser, *photos)
        click(browser, "#stop")
        until(browser, "#go-on:not([hidden])")
        assert browser.find_element(By.ID, "go-on").text == "Go on"
        assert "waiting…" in texts(browser, ".card .card-class")
        click(browser, "#go-on")
        WebDriverWait(browser, 60).until(lambda _: "24 of 24" in browser.find_element(By.ID, "progress-text").text)
        assert browser.find_element(By.ID, "go-on").text == "Again"


def test_they_go_on_when_the_key_is_given(browser: Chrome, keyed_server: ServerProcess, tmp_path: Path) -> None:
    browser.get(f"{keyed_server.url}/")
    browser.delete_all_cookies()  # those of another port of this host are sent too
    browser.get(f"{keyed_server.url}/")
    choose(browser, *level_photos(tmp_path, 8, 16, 24))
    until(browser, "#result[data-state=error]")
    browser.find_element(By.ID, "key").send_keys("s3cret", Keys.ENTER)
    until_text(browser, "#progress-text", "3 of 3")
    assert all(text.startswith("class ") for text in texts(browser, ".card .card-class"))


def test_a_photo_that_is_too_large_sinks_no_other(browser: Chrome, fake_server: ServerProcess, tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    large.write_bytes(level_png(8) + bytes(400_000))
    browser.get(f"{fake_server.url}/")
    until(browser, "#result[data-state=idle]")
    choose(browser, *level_photos(tmp_path, 8, 16), large)
    ended(browser, "3 of 3 · 1 without a result")
    assert texts(browser, ".card .card-class")[-1].startswith("The body has more than 300000 bytes")

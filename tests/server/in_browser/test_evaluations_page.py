"""The pages of evaluations in a real browser: what a person does there, from the start of one to its end."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from tests.level_model import level_png, store_level_model, store_reversed_level_model
from tests.server.browser import browser, complaints, open_afresh
from tests.server.evaluation.level_sets import LevelSet, finished, make_level_set
from tests.server.in_browser.classify_page import drop
from tests.server.process import ServerProcess

__all__ = ["browser"]  # a fixture
WAIT_S = 30
HOSTILE = "<img src=x onerror=document.title='owned'>"


@pytest.fixture(scope="module")
def val(tmp_path_factory: pytest.TempPathFactory) -> LevelSet:
    return make_level_set(tmp_path_factory.mktemp("val") / "val", 200, damaged=True)


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> LevelSet:
    return make_level_set(tmp_path_factory.mktemp("slow") / "slow", 12_000, damaged=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, val: LevelSet, slow: LevelSet) -> Iterator[ServerProcess]:
    store = tmp_path_factory.mktemp("store")
    store_level_model(store)
    store_reversed_level_model(store, "other")
    roots = f"sets={val.folder.parent},slow={slow.folder}"
    with ServerProcess(model_store=store, models="level,other", evaluation_roots=roots) as server:
        yield server
        assert server.troubles() == []


@pytest.fixture
def page(browser: Chrome, server: ServerProcess) -> Iterator[Chrome]:
    open_afresh(browser, f"{server.url}/evaluate")
    yield browser
    assert complaints(browser) == []


def found(page: Chrome, selector: str) -> WebElement:
    WebDriverWait(page, WAIT_S).until(lambda _: page.find_elements(By.CSS_SELECTOR, selector), selector)
    return page.find_element(By.CSS_SELECTOR, selector)


def text_of(page: Chrome, selector: str) -> str:
    """What is there, hidden or not; the page may put another part there meanwhile."""
    return str(page.execute_script("return document.querySelector(arguments[0])?.textContent.replace(/\\s+/g, ' ').trim() ?? ''", selector))


def until(page: Chrome, selector: str, text: str) -> None:
    WebDriverWait(page, WAIT_S).until(lambda _: text in text_of(page, selector), f"{selector} without {text!r}")


def measured(server: ServerProcess, **wanted: object) -> str:
    made = server.client.post("/evaluate", json={"dataset": "sets/val", **wanted})
    finished(server, made.headers["location"])
    return str(made.json()["id"])


def opened_id(page: Chrome) -> str:
    """The id of the evaluation whose page has opened."""
    WebDriverWait(page, WAIT_S).until(lambda _: page.find_elements(By.ID, "curve"))
    return page.current_url.rpartition("/")[2]


@pytest.mark.smoke
def test_from_a_folder_of_the_server_to_the_report(page: Chrome, server: ServerProcess) -> None:
    assert [option.get_attribute("value") for option in page.find_elements(By.CSS_SELECTOR, "#folders option")] == ["val", "val-seeds"]
    found(page, "[name=below]").send_keys("val")
    Select(found(page, "[name=model]")).select_by_value("other")
    found(page, "[name=limit]").send_keys("199")
    found(page, "#begin").click()
    one = opened_id(page)
    until(page, "#state", "finished")
    told = server.client.get(f"/evaluate/{one}").json()
    assert (told["dataset"], told["model"], told["limit"], told["top_k"], told["done"]) == ("sets/val", "other", 199, 5, 199)
    assert text_of(page, "#top1") == f"{told['top1']:.2%}"
    assert text_of(page, "#interval") == "95%: {:.2%} to {:.2%}".format(*told["top1_interval"])
    assert text_of(page, "#failures") == str(told["failed"]) == "2"
    assert "undecodable_image" in text_of(page, "#failed")
    assert "After 199 images" in str(found(page, "#curve").get_attribute("aria-label"))
    assert page.find_elements(By.CSS_SELECTOR, "#curve polyline.mean")
    WebDriverWait(page, WAIT_S).until(
        lambda _: list(Path(server.evaluations, one).glob("report.en*.html")), "the report is not drawn ahead"
    )
    found(page, "#actions a.primary").click()
    WebDriverWait(page, WAIT_S).until(lambda _: page.title == "other on sets/val")


def test_an_archive_is_dropped_and_its_name_stays_text(page: Chrome, server: ServerProcess, tmp_path: Path) -> None:
    archive = tmp_path / f"{HOSTILE}.zip".replace("/", "")
    with zipfile.ZipFile(archive, "w") as file:
        for level in range(3):
            file.writestr(f"{level}/{HOSTILE}.png", level_png(4 * level))
            file.writestr(f"{level}/broken {HOSTILE}.png", b"no picture")
    drop(page, archive, tmp_path)
    until(page, "#refusal-text", "One archive at a time, please.")
    drop(page, archive)
    assert not found(page, "#refusal").is_displayed()
    assert found(page, "[name=source][value=archive]").is_selected()
    assert archive.name in text_of(page, "#archive-name")
    found(page, "#begin").click()
    one = opened_id(page)
    until(page, "#state", "finished")
    assert server.client.get(f"/evaluate/{one}").json()["dataset"] == "upload"
    assert f"2/broken {HOSTILE}.png" in text_of(page, "#failed")
    assert page.title == "upload · Evaluations · ascend-classify"


def test_a_refusal_is_shown_in_the_words_of_the_server(page: Chrome, server: ServerProcess, tmp_path: Path) -> None:
    found(page, "[name=below]").send_keys(f"nothing {HOSTILE}")
    found(page, "#begin").click()
    until(page, "#refusal-text", HOSTILE)
    refusal = server.client.post("/evaluate", json={"dataset": f"sets/nothing {HOSTILE}"}).json()
    assert text_of(page, "#refusal-text") == " ".join(refusal["error"].split())
    assert "404 not_found" in text_of(page, "#refusal-details")
    assert page.execute_script("return document.querySelector('#refusal').getBoundingClientRect().bottom <= innerHeight + 1")
    (tmp_path / "set.zip").write_bytes(b"PK no archive")
    found(page, "#archive").send_keys(str(tmp_path / "set.zip"))
    found(page, "#begin").click()
    until(page, "#refusal-details", "400 bad_request")
    assert found(page, "#begin").is_enabled()
    assert [entry for entry in complaints(page) if "404" not in entry and "400" not in entry] == []


def test_it_is_followed_cancelled_resumed_and_deleted(page: Chrome, server: ServerProcess) -> None:
    Select(found(page, "[name=root]")).select_by_visible_text("slow")
    found(page, "#begin").click()
    one = opened_id(page)
    until(page, "#state", "running")
    WebDriverWait(page, WAIT_S).until(lambda _: page.execute_script("return document.querySelector('#bar').value > 500"))
    assert float(text_of(page, "#pace")) > 0
    assert text_of(page, "#time-what") == "Time left"
    found(page, "[data-act=cancel]").click()
    assert page.switch_to.active_element.get_attribute("id") == "sure-no"
    found(page, "#sure-yes").click()
    until(page, "#state", "cancelled")
    before = server.client.get(f"/evaluate/{one}").json()
    assert before["state"] == "cancelled"
    assert 500 < before["done"] < 12_000
    found(page, "[data-act=resume]").click()
    WebDriverWait(page, WAIT_S).until(lambda _: page.execute_script("return document.querySelector('#bar').value") > before["done"])
    until(page, "#state", "running")
    assert 0 < len(page.find_elements(By.CSS_SELECTOR, "#failed tbody tr")) <= 50
    found(page, "[data-act=cancel]").click()
    found(page, "#sure-yes").click()
    until(page, "#state", "cancelled")
    found(page, "[data-act=remove]").click()
    found(page, "#sure-no").click()
    assert server.client.get(f"/evaluate/{one}").status_code == 200
    found(page, "[data-act=remove]").click()
    found(page, "#sure-yes").click()
    found(page, "#evaluations")
    assert server.client.get(f"/evaluate/{one}").status_code == 404
    assert not page.find_elements(By.ID, f"row-{one}")


def test_the_list_is_sorted_and_follows_what_runs(page: Chrome, server: ServerProcess) -> None:
    for limit in (30, 10, 20):
        measured(server, limit=limit)
    running = server.client.post("/evaluate", json={"dataset": "slow"}).json()["id"]
    page.refresh()
    until(page, f"#row-{running}", "running")
    first = text_of(page, f"#row-{running} .of")
    WebDriverWait(page, WAIT_S).until(lambda _: text_of(page, f"#row-{running} .of") != first)
    server.client.delete(f"/evaluate/{running}")
    until(page, f"#row-{running}", "cancelled")

    def created() -> list[float]:
        return [float(cell.get_attribute("data-value") or "") for cell in page.find_elements(By.CSS_SELECTOR, "#rows td:last-child")]

    assert created() == sorted(created(), reverse=True)
    found(page, "th:last-child button").click()
    assert created() == sorted(created())
    assert found(page, "th:last-child").get_attribute("aria-sort") == "ascending"
    found(page, "th:nth-child(3) button").click()
    sets = [cell.text for cell in page.find_elements(By.CSS_SELECTOR, "#rows td.word bdi")][::2]
    assert sets == sorted(sets, reverse=True)


def test_two_are_compared(page: Chrome, server: ServerProcess, val: LevelSet) -> None:
    a, b = measured(server), measured(server, model="other")
    page.refresh()
    found(page, f"#row-{a} [name=a]").click()
    found(page, f"#row-{b} [name=b]").click()
    found(page, "#pairs button[type=submit]").click()
    told = server.client.get("/evaluate/compare", params={"a": a, "b": b}).json()
    assert text_of(page, "#only-a") == str(told["only_a_right"]) == str(val.correct)
    assert text_of(page, "#p-value") == f"{told['p']:.3g}"
    assert "modellevelother" in text_of(page, "#differences")
    pictures = page.find_elements(By.CSS_SELECTOR, ".flipped img")
    assert len(pictures) == 30
    assert all(page.execute_script("return arguments[0].naturalWidth", picture) == 48 for picture in pictures)
    page.get(f"{server.url}/evaluate/{b}")
    Select(found(page, "#other")).select_by_value(a)
    found(page, ".with button").click()
    assert text_of(page, "#only-a") == str(val.correct)


def test_by_keyboard_and_in_chinese(page: Chrome, server: ServerProcess) -> None:
    page.get(f"{server.url}/language?to=zh&next=evaluate")
    try:
        assert found(page, "h1").text == "评测"
        found(page, "[name=root]").send_keys("slow")
        found(page, "[name=limit]").send_keys("40", Keys.ENTER)
        opened_id(page)
        until(page, "#state", "已完成")
        until(page, "#curve-readout", "40 张图片后")
        page.execute_script("document.querySelector('#curve').focus()")
        ActionChains(page).send_keys(Keys.HOME).perform()
        until(page, "#curve-readout", "1 张图片后")
        ActionChains(page).send_keys(Keys.ARROW_RIGHT).perform()
        until(page, "#curve-readout", "2 张图片后")
        found(page, "[data-act=remove]").send_keys(Keys.ENTER)
        assert "无法撤销" in text_of(page, "#sure-text")
        ActionChains(page).send_keys(Keys.ESCAPE).perform()
        WebDriverWait(page, WAIT_S).until(lambda _: not page.find_element(By.ID, "sure").is_displayed())
        assert page.switch_to.active_element.get_attribute("data-act") == "remove"
    finally:
        page.get(f"{server.url}/language?to=en&next=evaluate")


def test_downloads(page: Chrome, server: ServerProcess, tmp_path: Path) -> None:
    one = measured(server, limit=20)
    page.execute_cdp_cmd("Page.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    page.get(f"{server.url}/evaluate/{one}")
    for link in page.find_elements(By.CSS_SELECTOR, "#downloads a"):
        link.click()
    files = [tmp_path / name for name in (f"report-{one}.json", f"report-{one}.html", f"predictions-{one}.jsonl")]
    WebDriverWait(page, WAIT_S).until(lambda _: all(file.exists() for file in files))
    assert json.loads(files[0].read_text())["denominators"]["listed"] == 20
    assert files[1].read_text().startswith("<!doctype html>")
    assert len(files[2].read_text().splitlines()) == 20


def test_the_pages_are_light(page: Chrome, server: ServerProcess) -> None:
    one = measured(server, limit=5)
    sizes = "return performance.getEntries().reduce((sum, entry) => sum + (entry.encodedBodySize ?? 0), 0)"
    for path in ("evaluate", f"evaluate/{one}"):
        page.get(f"{server.url}/{path}")
        assert page.execute_script(sizes) < 150_000


def test_who_has_a_key_signs_in_first(browser: Chrome, val: LevelSet) -> None:
    with ServerProcess(engines="fake", api_key="s3cret", evaluation_roots=f"val={val.folder}") as keyed:
        browser.get(f"{keyed.url}/evaluate")
        found(browser, "#key").send_keys("s3cret", Keys.ENTER)
        found(browser, "#evaluations")
        found(browser, "#begin").click()
        opened_id(browser)
        until(browser, "#state", "finished")
        assert keyed.client.get("/evaluate").status_code == 401
        browser.delete_all_cookies()

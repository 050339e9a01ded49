"""Names of classes, files and sets that try to be more than text, in a real browser: each stands there as it is, and none does anything."""

import io
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.support.wait import WebDriverWait

from tests.factories.hostile_names import FILE_NAMES, LABELS, MARK
from tests.level_model import CLASSES, SIDE_PX, level_graph, level_png
from tests.made_model import store_made_model
from tests.server.browser import browser, complaints, open_afresh
from tests.server.in_browser.classify_page import pick
from tests.server.process import ServerProcess

__all__ = ["browser"]  # a fixture
WAIT_S = 60
UNREAD = 3
"""Every third file of the set holds no image: a report names ten of those."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server whose classes have these names."""
    root = tmp_path_factory.mktemp("hostile")
    labels = [*LABELS, *(f"class {number}" for number in range(len(LABELS), CLASSES))]
    store_made_model(root, "level", "level", level_graph(1), labels, SIDE_PX)
    with ServerProcess(model_store=root, model="level", engines="stream") as server:
        yield server


def text_of(page: Chrome, selector: str) -> list[str]:
    """The text of elements as it is, except white space; each must hold nothing else."""
    found = page.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map((one) => [one.textContent, one.childElementCount])", selector
    )
    assert {children for _, children in found} <= {0}
    return [" ".join(text.split()) for text, _ in found]


def wait_for_name(page: Chrome, name: str) -> None:
    WebDriverWait(page, WAIT_S).until(lambda _: text_of(page, "#photo-name")[0].startswith(name), name)


def quiet(page: Chrome) -> bool:
    """Whether nothing ran, and nothing that tried was stopped either."""
    return page.execute_script(f"return window.{MARK} === undefined") and complaints(page) == []


def test_labels_and_file_names_stay_text_on_the_page_of_photos(browser: Chrome, server: ServerProcess, tmp_path: Path) -> None:
    open_afresh(browser, f"{server.url}/language?to=en")
    seen: set[str] = set()
    for number, name in enumerate(FILE_NAMES):
        photo = tmp_path / name
        photo.write_bytes(level_png(4 * number))
        browser.execute_script("document.getElementById('result').dataset.state = ''")
        pick(browser, photo, until_state="done")
        wait_for_name(browser, name)
        seen.update(text_of(browser, "#predictions .label"))
    assert set(LABELS) <= seen
    assert quiet(browser)


def test_names_of_files_and_the_set_stay_text_on_the_report(browser: Chrome, server: ServerProcess) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for number, name in enumerate(FILE_NAMES):
            content = level_png(4 * number) if number % UNREAD else b"no image"  # the others get a wrong answer
            member = tarfile.TarInfo(f"63/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    posted = server.client.post("/evaluate", files={"archive": ("<b onclick=1>set.tar", packed.getvalue())})
    assert posted.status_code == 202, posted.text
    location = posted.headers["location"]
    end_s = time.monotonic() + WAIT_S
    while server.client.get(location).json()["state"] not in ("finished", "failed"):
        assert time.monotonic() < end_s
        time.sleep(0.05)
    open_afresh(browser, f"{server.url}{location}/report")
    said = " ".join(str(browser.execute_script("return document.body.textContent")).split())
    answers = [label for number, label in enumerate(LABELS) if number % UNREAD]
    assert [name for name in (*FILE_NAMES, *answers) if name not in said] == []
    assert browser.execute_script("return document.querySelectorAll('script, iframe, base, [onerror], [onload], [onclick]').length") == 0
    assert quiet(browser)

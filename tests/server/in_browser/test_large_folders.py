"""A folder of more files than the page takes, in a real browser: other files take no picture's place, and what is left out is told."""

from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from server.images.picture_files import PICTURE_SUFFIXES
from tests.level_model import level_png
from tests.server.browser import browser, complaints
from tests.server.in_browser.classify_page import drop, texts, until, until_text
from tests.server.process import ServerProcess

__all__ = ["browser"]  # a fixture
# As for a file without the right to read it; tests may run as root, who has it.
UNREADABLE = """
document.addEventListener('drop', ({ dataTransfer }) => {
  const readers = Object.getPrototypeOf(dataTransfer.items[0].webkitGetAsEntry().createReader());
  const { readEntries } = readers;
  const refuse = (found, failed) => failed(new DOMException('', 'NotReadableError'));
  readers.readEntries = function (found, failed) {
    readEntries.call(this, (some) => {
      some.filter((one) => one.name === 'unreadable.png').forEach((one) => { one.file = refuse; });
      found(some);
    }, failed);
  };
}, true);
"""


@pytest.fixture
def page(browser: Chrome, fake_server: ServerProcess) -> Chrome:
    browser.get(f"{fake_server.url}/")
    until(browser, "#result[data-state=idle]")
    complaints(browser)
    return browser


def many(folder: Path, pictures: int, others: int) -> Path:
    """The others lie between the pictures, as lists of labels do."""
    folder.mkdir()
    content = level_png(40)
    for number in range(max(pictures, others)):
        if number < pictures:
            (folder / f"{number:05}.png").write_bytes(content)
        if number < others:
            (folder / f"{number:05}.txt").touch()
    return folder


def test_other_files_take_no_place_of_a_picture(page: Chrome, tmp_path: Path) -> None:
    """As many of both that a bound for both would leave pictures out in silence."""
    drop(page, many(tmp_path / "set", 30, 5100))
    until_text(page, "#progress-text", "30 of 30 · 5100 other files left out")
    assert len(texts(page, ".card")) == 30


def test_pictures_that_are_too_many_are_told(page: Chrome, tmp_path: Path) -> None:
    drop(page, many(tmp_path / "set", 5003, 2))
    until_text(page, "#progress-text", "of 5000 · 2 other files left out · 3 pictures left out: 5000 of a folder are the most")
    assert page.execute_script("return document.querySelectorAll('.card').length") == 5000
    page.execute_script("document.getElementById('clear').click()")


def test_every_picture_of_a_folder_is_asked_for_and_one_that_cannot_be_read_stops_no_other(page: Chrome, tmp_path: Path) -> None:
    (folder := tmp_path / "set").mkdir()
    names = {f"a{ending}" for ending in PICTURE_SUFFIXES} | {"B.JPG"}
    for name in (*names, "a.txt", "a", ".hidden.png"):
        (folder / name).write_bytes(level_png(40))
    (folder / "unreadable.png").write_bytes(level_png(40))
    page.execute_script(UNREADABLE)
    drop(page, folder)
    until_text(page, "#progress-text", f"{len(names)} of {len(names)} · 4 other files left out")
    assert set(texts(page, ".card .card-name")) == {f"set/{name}" for name in names}

"""What a person does on the page for photos."""

import struct
import zlib
from pathlib import Path

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from tests.level_model import level_png

WAIT_S = 20
CAT = Path(__file__).parents[2] / "photos" / "cat.png"


def until(page: Chrome, selector: str) -> None:
    WebDriverWait(page, WAIT_S).until(lambda _: page.find_elements(By.CSS_SELECTOR, selector), f"{selector} did not appear")


def until_text(page: Chrome, selector: str, text: str) -> None:
    WebDriverWait(page, WAIT_S).until(lambda _: text in "".join(texts(page, selector)), f"{selector} does not say {text!r}")


def texts(page: Chrome, selector: str) -> list[str]:
    return [found.text for found in page.find_elements(By.CSS_SELECTOR, selector)]


def click(page: Chrome, selector: str) -> None:
    page.find_element(By.CSS_SELECTOR, selector).click()


def shown(page: Chrome, selector: str) -> bool:
    return page.find_element(By.CSS_SELECTOR, selector).is_displayed()


def choose(page: Chrome, *photos: Path) -> None:
    """Choose them in the dialog, at once."""
    page.find_element(By.ID, "file").send_keys("\n".join(map(str, photos)))


def drop(page: Chrome, *files: Path) -> None:
    """Drag them over the page, which shows that it would take them, and let them go."""
    data = {"items": [], "files": list(map(str, files)), "dragOperationsMask": 1}
    for kind, marked in (("dragEnter", None), ("dragOver", True), ("drop", False)):
        page.execute_cdp_cmd("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 300, "data": data})
        assert marked in (None, page.execute_script("return document.body.classList.contains('dragging')")), kind


def pick(page: Chrome, photo: Path, *, until_state: str = "done") -> None:
    choose(page, photo)
    until(page, f"#result[data-state={until_state}]")


def select(page: Chrome, name: str, value: str) -> None:
    Select(page.find_element(By.ID, name)).select_by_value(value)


def write(page: Chrome, name: str, text: str) -> None:
    """Another value in a field for a number."""
    page.execute_script(
        "const [id, text] = arguments, input = document.getElementById(id);"
        "input.value = text; input.dispatchEvent(new Event('change', { bubbles: true }));",
        name,
        text,
    )


def level_photos(folder: Path, *levels: int) -> list[Path]:
    """Flat grey pictures, named for their level."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{level}.png" for level in levels]
    for level, path in zip(levels, paths, strict=True):
        path.write_bytes(level_png(level))
    return paths


def broken_png() -> bytes:
    """A PNG whose pixels have a wrong checksum."""
    whole = bytearray(level_png(8))
    at = whole.index(b"IDAT")
    length = struct.unpack(">I", whole[at - 4 : at])[0]
    checksum = zlib.crc32(whole[at : at + 4 + length]) ^ 1
    whole[at + 4 + length : at + 8 + length] = struct.pack(">I", checksum)
    return bytes(whole)

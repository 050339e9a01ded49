"""A real browser, for a module that imports the fixture. It believes that evil.test is this machine, as after DNS rebinding."""

import os
import shutil
from collections.abc import Iterator
from tempfile import TemporaryDirectory

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

CHROMIUM, CHROMEDRIVER = shutil.which("chromium"), shutil.which("chromedriver")

# Chromium refuses to start its sandbox as root, which containers and CI run as. The rest keeps it off the network.
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP evil.test 127.0.0.1",
    "--use-fake-device-for-media-stream",  # a camera that shows a green field
    "--use-fake-ui-for-media-stream",  # and a person who allows it
)


SHORT = "/tmp"  # noqa: S108 - Chromium's sockets lie in these folders, and their names may have 107 bytes


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    if CHROMIUM is None or CHROMEDRIVER is None:
        pytest.skip("needs Chromium and its driver: apt-get install chromium chromium-driver")
    options = ChromeOptions()
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with TemporaryDirectory(dir=SHORT, ignore_cleanup_errors=True) as folder:
        for argument in (*ARGUMENTS, f"--user-data-dir={folder}"):
            options.add_argument(argument)
        driver = Chrome(options=options, service=Service(executable_path=CHROMEDRIVER, env={**os.environ, "TMPDIR": SHORT}))
        yield driver
        driver.quit()


def open_afresh(browser: Chrome, address: str) -> None:
    """Open a page. What the one before complains of does not count: it may ask a server that has ended until it is left."""
    browser.get("about:blank")
    complaints(browser)
    browser.get(address)


def complaints(browser: Chrome) -> list[str]:
    entries = browser.get_log("browser")  # type: ignore[no-untyped-call]  # Selenium has no types here
    return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

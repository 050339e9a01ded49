"""Fixtures of all suites: the photos, and a store with the default model in it."""

import fcntl
import gc
import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from models.store import ModelStore
from tests.lanes import left_out

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell leaves it to what it runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)

os.environ.setdefault("COMPILE_CACHE", os.devnull)  # the models of the tests are many and small

settings.register_profile("house", deadline=None, max_examples=40)  # a slow machine is not a failure
settings.register_profile("soak", parent=settings.get_profile("house"), max_examples=2000)  # for make soak
settings.load_profile("house")

gc.set_threshold(10_000, 20, 20)  # thousands of tests live from their collection to the end: to look through them often costs a twentieth

PHOTOS = Path(__file__).parent / "photos"


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are named by their length: gzip writes the time into them, and all workers (pytest -n) have to find the same names."""
    return f"{argname} of {len(val)} bytes" if isinstance(val, bytes) and len(val) > 10 else None


def pytest_collection_finish() -> None:
    """What is there now stays to the end: no collection of garbage looks at it again."""
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """After a whole run: what was left out."""
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS and not config.option.collectonly:
        reasons = (report.longrepr[2] for report in terminalreporter.stats.get("skipped", []))
        for line in left_out(Counter(reason.removeprefix("Skipped: ") for reason in reasons)):
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def cat() -> bytes:
    """A photo of class 285, Egyptian cat (451x300 PNG)."""
    return (PHOTOS / "cat.png").read_bytes()


@pytest.fixture(scope="session")
def coffee() -> bytes:
    """A photo of class 967, espresso (600x400 PNG)."""
    return (PHOTOS / "coffee.png").read_bytes()


def shared(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that one of the workers of a run (pytest -n) makes; the others wait for it. None may change it."""
    run = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        run = run.parent
    folder = run / name
    with (run / f"{name}.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        if not lock.read():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed
            folder.mkdir()
            make(folder)
            lock.write("made")
    return folder


@pytest.fixture(scope="session")
def model_store(tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    """A store that holds the default model with its real weights, for tests that only read it."""
    from convert.prepare import prepare

    return ModelStore(shared(tmp_path_factory, "model_store", lambda folder: prepare("efficientnet_lite0", ModelStore(folder))))

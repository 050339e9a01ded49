"""What every suite may use: the photos, and a store with the default model in it."""

import signal
from pathlib import Path

import pytest
from hypothesis import settings

from models.store import ModelStore

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell leaves it to what it runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("house", deadline=None)  # a slow machine is no failure
settings.load_profile("house")

PHOTOS = Path(__file__).parent / "photos"


@pytest.fixture(scope="session")
def cat() -> bytes:
    """A photo of class 285, Egyptian cat (451x300 PNG)."""
    return (PHOTOS / "cat.png").read_bytes()


@pytest.fixture(scope="session")
def coffee() -> bytes:
    """A photo of class 967, espresso (600x400 PNG)."""
    return (PHOTOS / "coffee.png").read_bytes()


@pytest.fixture(scope="session")
def model_store(tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    """A store that holds the default model with its real weights."""
    from convert.prepare import prepare

    store = ModelStore(tmp_path_factory.mktemp("model_store"))
    prepare("efficientnet_lite0", store)
    return store

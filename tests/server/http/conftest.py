"""A server with little patience, a neighbour who must not notice, and bare sockets."""

import threading
from collections.abc import Callable, Iterator

import pytest

from server.engines.fake_engine import fake_prediction
from server.types import EncodedImage, ImageFormat
from tests.level_model import level_png
from tests.server.bare_client import BareClient
from tests.server.process import ServerProcess

IMAGE = level_png(12)


@pytest.fixture(scope="session")
def strict_server() -> Iterator[ServerProcess]:
    """A server that waits for nobody longer than a second."""
    with ServerProcess(engines="fake", client_timeout_s=1, keep_alive_s=1.5, max_connections=400) as server:
        yield server
        assert server.troubles() == []


@pytest.fixture
def connect(strict_server: ServerProcess) -> Iterator[Callable[[], BareClient]]:
    """Opens bare connections, and closes them at the end."""
    clients = []

    def connect() -> BareClient:
        clients.append(BareClient(strict_server.address))
        return clients[-1]

    yield connect
    for client in clients:
        client.socket.close()


@pytest.fixture(autouse=True)
def neighbour(strict_server: ServerProcess) -> Iterator[None]:
    """Asks twenty times a second, and gets the right answer each time."""
    expected = fake_prediction(EncodedImage(IMAGE, ImageFormat.PNG, 1, 1)).scores[0].class_id
    over = threading.Event()
    wrong: list[str] = []

    def ask() -> None:
        while not over.wait(0.05):
            response = strict_server.client.post("/classify", content=IMAGE)
            if response.status_code != 200 or response.json()["predictions"][0]["class_id"] != expected:
                wrong.append(response.text)

    thread = threading.Thread(target=ask)
    thread.start()
    yield
    over.set()
    thread.join()
    assert wrong == []

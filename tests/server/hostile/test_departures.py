"""Clients that go before their answers: their images are not decoded, however long the bodies were."""

import time

import cv2
import numpy as np
import pytest

from tests.server.bare_client import BareClient
from tests.server.process import ServerProcess
from tests.soak.http_requests import request

SIDE_PX = 4000
CLIENTS = 6  # of images of which one is decoded at a time
SOON_S = 10


def gone(server: ServerProcess) -> float:
    return server.metric("classify_http_requests_total", endpoint="/classify", code="499")


@pytest.mark.parametrize("behind_bytes", [0, 1_000_000])
def test_the_images_of_clients_that_go_are_dropped(level_server: ServerProcess, behind_bytes: int) -> None:
    flat = np.full((SIDE_PX, SIDE_PX, 3), 90, np.uint8)
    image = cv2.imencode(".jpg", flat, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes() + bytes(behind_bytes)
    before = gone(level_server)
    clients = [BareClient(level_server.address).send(request(b"POST", b"/classify", image)) for _ in range(CLIENTS)]
    for client in clients:
        client.socket.close()
    end_s = time.monotonic() + SOON_S
    while gone(level_server) - before < CLIENTS - 2 and time.monotonic() < end_s:
        time.sleep(0.05)
    assert gone(level_server) - before >= CLIENTS - 2

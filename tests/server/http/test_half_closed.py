"""A client that has ended its sending: one that waits is answered, one that is gone is given up."""

import socket
import time
from pathlib import Path

from tests.level_model import level_png, store_level_model
from tests.server.bare_client import BareClient
from tests.server.process import ServerProcess
from tests.soak.http_requests import request

SLOW = level_png(8, 2500)
LONG = request(b"POST", b"/classify", SLOW)


def test_half_closed_and_gone(tmp_path: Path) -> None:
    store_level_model(tmp_path)
    with ServerProcess(model_store=tmp_path, model="level", streams_per_device=1) as server:
        waiting = [BareClient(server.address).send(LONG).shut() for _ in range(8)]
        gone = [BareClient(server.address).send(LONG) for _ in range(8)]
        while server.metric("classify_in_flight") < 8:
            time.sleep(0.005)
        for client in gone:
            client.socket.shutdown(socket.SHUT_WR)
            client.socket.close()
        assert [client.answers()[0][1]["predictions"][0]["class_id"] for client in waiting] == [2] * 8
        assert server.metric("classify_images_total", outcome="abandoned") >= 1
        for client in waiting:
            client.socket.close()

"""The plain script as a peer, with this environment's packages."""

import json
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.bench.peers.environments import PEERS
from tests.bench.peers.peer_server import PeerServer
from tests.level_model import SIDE_PX, level_png, store_level_model
from tests.process_tree import process_tree


def test_a_peer_answers_and_ends_with_the_block(tmp_path: Path) -> None:
    artifact = store_level_model(tmp_path).check_artifact("cpu")[1]
    arguments, picture = (str(artifact), str(SIDE_PX), str(SIDE_PX), "f32"), level_png(48)
    with PeerServer(PEERS[0], Path(sys.executable), arguments, picture, "image/png") as server:
        with urlopen(Request(f"{server.url}/classify", picture)) as answer:  # noqa: S310 - the loopback
            found = json.load(answer)
        pids = [pid for pid, _ in process_tree(server.pid)]
        assert server.cpu_s() > 0
    assert found["predictions"][0]["class_id"] == 12
    assert pids
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_a_peer_that_fails_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no_such_model"):
        PeerServer(PEERS[0], Path(sys.executable), (str(tmp_path / "no_such_model.onnx"), "32", "32", "f32"), b"", "image/png")

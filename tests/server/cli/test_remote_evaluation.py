"""The command sends a set to a server. Tests of the whole way are in tests/server/cli."""

import io
import os
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.cli.remote_evaluation import RemoteServer, _files, _tar
from server.cli.server_client import TIMEOUT_S, UPLOAD_TIMEOUT
from server.evaluation.dataset.archive import unpack
from server.evaluation.evaluation_errors import DatasetInvalid, RunInvalid, ServerRefused
from server.evaluation.jobs.evaluation_job import EvaluationRequest
from tests.server.evaluation.level_sets import make_level_set
from tests.server.process import ServerProcess


def test_the_tar_unpacks_to_the_same(tmp_path: Path) -> None:
    folder = make_level_set(tmp_path / "val", 5).folder
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / ("n" * 120 + ".JPG")).write_bytes(bytes(range(256)) * 3)
    (folder / ".hidden.png").write_bytes(b"x")
    (folder / "notes.md").write_bytes(b"x")
    (folder / "empty.bmp").write_bytes(b"")
    (folder / "deep" / os.fsdecode(b"caf\xe9.png")).write_bytes(b"x")
    packed = b"".join(_tar(dict(_files(folder, listed=False))))
    (tmp_path / "out").mkdir()
    unpack(io.BytesIO(packed), len(packed), tmp_path / "out", 1_000_000)
    unpacked = {str(path.relative_to(tmp_path / "out")): path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    counted = {".hidden.png", "notes.md"}  # without their content
    assert unpacked == {str(p.relative_to(folder)): b"" if p.name in counted else p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_parts_of_a_set_are_refused_before_anything_is_sent(tmp_path: Path) -> None:
    for name in ("set/train/0/a.png", "set/val/0/a.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(DatasetInvalid, match=re.escape(f"holds val/ and train/, the parts of a set. Name one of them: {tmp_path}/set/val")):
        RemoteServer("http://127.0.0.1:1", None).submit(tmp_path, None, EvaluationRequest(dataset="set"))


def test_a_file_that_changes_or_goes(tmp_path: Path) -> None:
    with pytest.raises(DatasetInvalid, match="cannot be read"):
        b"".join(_tar({"a.png": tmp_path / "none"}))
    os.mkfifo(tmp_path / "pipe.png")  # which nobody writes to: it would wait for ever
    with pytest.raises(DatasetInvalid, match=r"it is not a plain file\. Correct it, or move it out of the set"):
        b"".join(_tar({"pipe.png": tmp_path / "pipe.png"}))
    (tmp_path / "a.png").write_bytes(bytes(1_000_000))
    pieces = _tar({"a.png": tmp_path / "a.png"})
    next(pieces)
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(DatasetInvalid, match="shorter"):
        b"".join(pieces)


def test_refusals(fake_server: ServerProcess, tmp_path: Path) -> None:
    with pytest.raises(RunInvalid, match="is not the address"):
        RemoteServer("file:///etc", None)
    with pytest.raises(ServerRefused, match="does not answer"):
        list(RemoteServer("http://127.0.0.1:1", None).fetch("x", "report", "*/*"))
    server = RemoteServer(fake_server.url, None)
    with pytest.raises(ServerRefused, match=r"answers what is not an evaluation: id: Field required"):
        server._told(b"{}")
    with pytest.raises(ServerRefused, match=re.escape("There is no evaluation 'x'. GET /evaluate lists them. [not_found]")):
        list(server.follow("x"))
    with pytest.raises(DatasetInvalid, match="none does not exist"):
        server.submit(tmp_path / "none", None, EvaluationRequest(dataset="val"))


def test_a_refusal_before_the_end_of_the_upload(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(bytes(30_000_000))
    with ServerProcess(engines="fake", max_upload_bytes=100_000) as small, pytest.raises(ServerRefused, match=r"\[body_too_large\]"):
        RemoteServer(small.url, None).submit(tmp_path, None, EvaluationRequest(dataset="val"))


def test_a_server_that_takes_long_to_unpack_is_waited_for(
    fake_server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def stream(_client: httpx.Client, method: str, path: str, **given: Any) -> httpx.Response:
        seen.append((method, path, httpx.Timeout(given["timeout"])))
        raise httpx.ConnectError("enough")

    monkeypatch.setattr(httpx.Client, "stream", stream)
    server = RemoteServer(fake_server.url, None)
    with pytest.raises(ServerRefused):
        server.submit(tmp_path, None, EvaluationRequest(dataset="val"))
    with pytest.raises(ServerRefused):
        list(server.follow("x"))
    assert [(method, timeout.read) for method, _, timeout in seen] == [("POST", UPLOAD_TIMEOUT.read), ("GET", TIMEOUT_S)]
    assert UPLOAD_TIMEOUT.read is not None
    assert UPLOAD_TIMEOUT.read >= 1800  # seconds
    assert all(timeout.connect == TIMEOUT_S for _, _, timeout in seen)

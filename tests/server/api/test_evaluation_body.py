"""POST /evaluate takes archives in forms as its body."""

import gzip
import html
import io
import signal
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import httpx
import pytest

from server.api.archive_form import HELD_BYTES
from tests.level_model import level_png, store_level_model
from tests.server.bare_client import BareClient
from tests.server.evaluation.level_sets import finished
from tests.server.process import ServerProcess

FILES = {f"{number}.png": level_png(4 * number) for number in range(10)} | {
    "val_label.txt": "".join(f"{number}.png {number + (number == 3)}\n" for number in range(10)).encode()
}
MAX_BYTES = 300_000
SLOW = {"first": Random(1).randbytes(10_000)} | {f"{number}": b"" for number in range(3000)}  # noqa: S311
"""Thousands of files, until there are too many for what was sent."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    root = tmp_path_factory.mktemp("store")
    store_level_model(root)
    with ServerProcess(model_store=root, model="level", max_upload_bytes=MAX_BYTES) as server:
        yield server
        assert server.troubles() == []


def zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


def tarred(files: dict[str, bytes], kind: str = "w") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=kind) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return packed.getvalue()


def send(server: ServerProcess, archive: bytes, **fields: str) -> httpx.Response:
    return server.client.post("/evaluate", files={"archive": ("set", archive)}, data=fields)


@pytest.mark.parametrize("archive", [zipped(FILES), tarred(FILES), tarred(FILES, "w:gz")], ids=["zip", "tar", "tar.gz"])
def test_an_upload_is_evaluated(server: ServerProcess, archive: bytes) -> None:
    response = send(server, archive, top_k="2", limit="10")
    assert response.status_code == 202, response.text
    location = response.headers["location"]
    assert finished(server, location)["top1"] == 0.9
    assert server.client.get(f"{location}/report").json()["manifest"]["dataset"] == "upload"
    page = server.client.get(f"{location}/report", headers={"Accept": "text/html"}).text
    assert "data:image/jpeg" in page
    assert server.metric("classify_evaluation_accuracy", dataset="upload", k="1") == 0.9


def test_other_clients_are_understood(server: ServerProcess) -> None:
    """Another name of the field, a field of a browser, a packed body."""
    form = httpx.Request("POST", "http://a", files={"file": ("set.zip", zipped(FILES))}, data={"submit": "Send", "top_k": "2"})
    headers = {"Content-Type": form.headers["content-type"], "Content-Encoding": "gzip"}
    reply = server.client.post("/evaluate", content=gzip.compress(form.read()), headers=headers)
    assert reply.status_code == 202, reply.text
    assert finished(server, reply.headers["location"])["top1"] == 0.9


def test_unknown_names_get_the_nearest(server: ServerProcess) -> None:
    assert send(server, zipped(FILES), topk="2").json()["error"] == "The form field 'topk' is unknown. Did you mean 'top_k'?"
    for path, body, words in (
        ("/evaluate", {"data_set": "val"}, "JSON key 'data_set' is unknown. Did you mean 'dataset'"),
        ("/evaluate?topk=2", {"dataset": "val"}, "query parameter 'topk' is unknown. Did you mean 'top_k'"),
        ("/evaluate?top_k=2", {"dataset": "val"}, "'top_k' is there. Send it in the body"),
    ):
        reply = server.client.post(path, json=body)
        assert reply.status_code == 400
        assert words in reply.json()["error"]


def test_a_byte_order_mark_and_another_encoding(server: ServerProcess) -> None:
    for encoding, status, words in (("utf-8-sig", 404, ""), ("utf-16", 400, "The JSON body is UTF-16")):
        reply = server.client.post(
            "/evaluate", content='{"dataset": "none"}'.encode(encoding), headers={"Content-Type": "application/json"}
        )
        assert reply.status_code == status
        assert words in reply.json()["error"]


def test_what_unpacks_to_too_much_is_refused(server: ServerProcess) -> None:
    form = httpx.Request("POST", "http://a", files={"archive": ("set.zip", bytes(MAX_BYTES + 1))})
    headers = {"Content-Type": form.headers["content-type"], "Content-Encoding": "gzip"}
    reply = server.client.post("/evaluate", content=gzip.compress(form.read()), headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (413, "body_too_large")


def test_a_folder_of_the_archive(server: ServerProcess) -> None:
    archive = zipped({f"sets/one/{name}": data for name, data in FILES.items()})
    location = send(server, archive, dataset="sets/one/", labels="val_label.txt").headers["location"]
    assert finished(server, location)["done"] == 10
    assert send(server, archive, dataset="sets/two").status_code == 404
    assert send(server, archive, dataset="../two").status_code == 403


def test_wrappers_groups_and_what_is_left_out(server: ServerProcess) -> None:
    files = {f"my val/{kind}/{number}": level_png(4 * number) for kind, numbers in (("low", (1, 2)), ("7", (7,))) for number in numbers}
    files |= {"my val/7/notes.txt": b"text", "my val/.DS_Store": b"x", "__MACOSX/my val/._7": b"x", "README": b"x"}
    location = send(server, zipped(files), map="low=0-5").headers["location"]
    assert finished(server, location)["top1"] == 0.75
    report = server.client.get(f"{location}/report").json()
    assert report["denominators"]["failed"] == {"unsupported_image": 1}
    assert {row["name"]: row["recall"] for row in report["per_class"]}["low"] == 1
    notes = [
        "The set is in my val/, the only folder. 1 files beside it are left out.",
        "2 hidden files and files of systems are left out: __MACOSX (1), .DS_Store (1).",
        "'low' counts as the classes 0-5.",
    ]
    assert report["notes"] == notes
    page = server.client.get(f"{location}/report", headers={"Accept": "text/html"}).text
    assert all(note in html.unescape(page) for note in notes)


def test_parts_are_refused_with_the_field_that_names_one(server: ServerProcess) -> None:
    archive = zipped({f"set/{part}/{name}": data for part in ("train", "val") for name, data in FILES.items()})
    error = send(server, archive).json()["error"]
    assert error == "upload/set holds val/ and train/, the parts of a set. Name one of them: dataset=set/val"
    assert send(server, archive, **dict([error.rpartition(" ")[2].split("=")])).status_code == 202
    nested = zipped({f"set/{part}/{name}": data for part in ("train", "val") for name, data in FILES.items()} | {"other/a.png": b""})
    assert send(server, nested, dataset="set").json()["error"].endswith("Name one of them: dataset=set/val")
    assert send(server, archive, dataset="set/val", map="cat").json()["code"] == "bad_request"


@pytest.mark.parametrize(
    ("archive", "fields", "status"),
    [
        (b"no archive", {}, 400),
        (zipped(FILES)[:-40], {}, 400),
        (zipped({"../a.png": b""}), {}, 400),
        (zipped({"a.txt": b"no image"}), {}, 400),
        (zipped({"a.png": bytes(MAX_BYTES * 50)}), {}, 413),
        (bytes(MAX_BYTES + 1), {}, 413),
        (zipped(FILES), {"top_k": "17"}, 400),
        (zipped(FILES), {"top_k": "x"}, 400),
        (zipped(FILES), {"other": "1"}, 400),
        (zipped(FILES), {"labels": "none.txt"}, 404),
        (zipped({**FILES, "val_label.txt": b"0.png 64\n"}), {}, 400),
    ],
    ids=["no-archive", "cut", "leads-out", "no-image", "bomb", "large", "top_k", "no-number", "unknown", "no-labels", "out-of-range"],
)
def test_what_is_refused_leaves_nothing(server: ServerProcess, archive: bytes, fields: dict[str, str], status: int) -> None:
    kept = Path(server.evaluations)
    before = set(kept.iterdir()) if kept.is_dir() else set()
    response = send(server, archive, **fields)
    assert response.status_code == status, response.text
    assert set(response.json()) == {"error", "code", "request_id"}
    assert {path for path in kept.iterdir() if path.is_dir()} <= before


@pytest.mark.parametrize(
    "request_kind",
    [
        {"data": {"top_k": "1"}, "files": {"other": b"x"}},
        {"files": [("archive", b"x"), ("archive", b"y")]},
        {"content": b"--x\r\nbroken", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}},
        {"content": b"{", "headers": {"Content-Type": "application/json"}},
        {"content": b"\xff", "headers": {"Content-Type": "text/plain"}},
        {"content": b""},
    ],
    ids=["no-archive", "two", "broken", "no-boundary", "half-json", "text", "empty"],
)
def test_malformed_bodies(server: ServerProcess, request_kind: dict[str, object]) -> None:
    response = server.client.post("/evaluate", **request_kind)  # type: ignore[arg-type]
    assert (response.status_code, response.json()["code"]) == (400, "bad_request"), response.text


def half_an_upload(server: ServerProcess, size: int) -> BareClient:
    head = b'--b\r\nContent-Disposition: form-data; name="archive"\r\n\r\n' + bytes(size)
    headers = f"Host: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(head) + 1000}"
    return BareClient(server.address).send(f"POST /evaluate HTTP/1.1\r\n{headers}\r\n\r\n".encode() + head)


def held(server: ServerProcess) -> tuple[int, int]:
    """Bytes of bodies in memory, and of evaluations on the disk."""
    budgets = server.client.get("/info").json()["budgets"]
    assert server.metric("classify_body_limit_bytes") == budgets["body"]["limit_bytes"]
    assert server.metric("classify_evaluation_disk_limit_bytes") == budgets["evaluation_disk"]["limit_bytes"]
    return budgets["body"]["held_bytes"], budgets["evaluation_disk"]["held_bytes"]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def whole_upload(server: ServerProcess, archive: bytes) -> BareClient:
    request = httpx.Request("POST", f"{server.url}/evaluate", files={"archive": ("set", archive)})
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    return BareClient(server.address).send(f"POST /evaluate HTTP/1.1\r\n{head}\r\n".encode() + request.read())


def test_an_upload_that_waits_to_be_unpacked_ends_with_its_client(server: ServerProcess) -> None:
    before, archive = server.client.get("/evaluate").json(), tarred(SLOW, "w:gz")
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(whole_upload(server, archive))
        time.sleep(0.2)  # they are ahead, also on a busy machine
        waits = stack.enter_context(whole_upload(server, zipped(FILES)))
        time.sleep(0.2)  # the first is being unpacked, and this one has arrived
        assert server.lines("POST /evaluate 499") == 0
        waits.socket.close()
        server.log("POST /evaluate 499")
    assert server.client.get("/evaluate").json() == before


def test_uploads_share_the_disk_and_leave_nothing_after_a_kill(tmp_path: Path) -> None:
    store_level_model(tmp_path / "store")
    limits = {"max_upload_bytes": 1_000_000, "evaluation_disk_bytes": 3_000_000}
    settings = {"model_store": tmp_path / "store", "model": "level", "evaluation_dir": tmp_path / "kept", **limits}
    with ServerProcess(**settings) as server:  # type: ignore[arg-type]
        kept = server.client.get(send(server, zipped(FILES)).headers["location"].removesuffix("/")).json()["id"]
        wait_for(lambda: server.client.get(f"/evaluate/{kept}").json()["state"] == "finished" and held(server)[1] > 0)
        before = held(server)[1]
        uploads = [half_an_upload(server, 900_000) for _ in range(2)]
        wait_for(lambda: held(server)[1] >= before + 1_700_000)
        assert held(server)[0] == 2 * HELD_BYTES
        refused = send(server, bytes(900_000))
        assert (refused.status_code, refused.json()["code"]) == (429, "saturated")
        assert "DELETE /evaluate" in refused.json()["error"]
        uploads[0].socket.close()
        wait_for(lambda: held(server) == (HELD_BYTES, held(server)[1]) and held(server)[1] < before + 1_000_000)
        (tmp_path / "kept/.uploading-left").touch()  # by a file system that has no files without names
        (tmp_path / "kept/.unpacking-left").mkdir()
        server.signal(signal.SIGKILL)
        server.wait()
        uploads[1].socket.close()
    with ServerProcess(**settings) as server:  # type: ignore[arg-type]
        assert {path.name for path in (tmp_path / "kept").iterdir() if "jobs" not in path.name} == {"lock", kept}
        assert 0 < held(server)[1] <= 2 * before
        assert server.client.delete(f"/evaluate/{kept}").status_code == 200
        assert held(server) == (0, 0)

"""What POST /evaluate takes as a body: archives in forms."""

import html
import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.level_model import level_png, store_level_model
from tests.server.evaluation.level_sets import finished
from tests.server.process import ServerProcess

FILES = {f"{number}.png": level_png(4 * number) for number in range(10)} | {
    "val_label.txt": "".join(f"{number}.png {number + (number == 3)}\n" for number in range(10)).encode()
}
MAX_BYTES = 300_000


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
    assert all(html.escape(note) in page for note in notes)


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

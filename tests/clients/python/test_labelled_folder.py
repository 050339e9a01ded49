import io
import tarfile
from email.parser import BytesParser
from pathlib import Path

import pytest
from ascend_classify_client import SetInvalid
from ascend_classify_client.labelled_folder import CHUNK_BYTES, CONTENT_TYPE, upload


def parts(path: Path, fields: dict[str, str]) -> dict[str, bytes]:
    """What a reader of forms finds in the upload."""
    message = BytesParser().parsebytes(f"Content-Type: {CONTENT_TYPE}\r\n\r\n".encode() + b"".join(upload(path, fields)))
    found = message.get_payload()
    assert isinstance(found, list)
    contents = {str(each.get_param("name", header="Content-Disposition")): each.get_payload(decode=True) for each in found}  # type: ignore[union-attr]
    return {name: content for name, content in contents.items() if isinstance(content, bytes)}


def test_a_folder_becomes_a_tar(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache/no.png").write_bytes(b"no")
    (tmp_path / "cat/b.png").write_bytes(bytes(CHUNK_BYTES + 7))
    (tmp_path / "cat/a.png").symlink_to(tmp_path / "cat/b.png")
    (tmp_path / "labels.txt").write_bytes(b"cat/b.png 1\n")
    (tmp_path / "cat/.hidden").write_bytes(b"no")
    found = parts(tmp_path, {"top_k": "3"})
    assert found["top_k"] == b"3"
    with tarfile.open(fileobj=io.BytesIO(found["archive"])) as archive:
        assert archive.getnames() == ["labels.txt", "cat/a.png", "cat/b.png"]
        assert [each.size for each in archive] == [12, CHUNK_BYTES + 7, CHUNK_BYTES + 7]


def test_links_of_folders_are_followed(tmp_path: Path) -> None:
    for name in ("set", "elsewhere/deep"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "elsewhere/a.png").write_bytes(b"a")
    (tmp_path / "elsewhere/deep/b.png").write_bytes(b"b")
    for name in ("cat", "dog"):
        (tmp_path / "set" / name).symlink_to(tmp_path / "elsewhere")
    with tarfile.open(fileobj=io.BytesIO(parts(tmp_path / "set", {})["archive"])) as archive:
        assert archive.getnames() == ["cat/a.png", "cat/deep/b.png", "dog/a.png", "dog/deep/b.png"]


def test_a_circle_of_links(tmp_path: Path) -> None:
    (tmp_path / "set/cat").mkdir(parents=True)
    (tmp_path / "set/cat/all").symlink_to(tmp_path / "set")
    with pytest.raises(SetInvalid, match=r"set/cat/all is a link to a folder that it is in, .* Remove the link"):
        list(upload(tmp_path / "set", {}))


def test_an_archive_goes_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "set.zip").write_bytes(b"PK\x03\x04 and so on")
    assert parts(tmp_path / "set.zip", {}) == {"archive": b"PK\x03\x04 and so on"}


def test_a_file_that_becomes_shorter(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    path.write_bytes(bytes(3 * CHUNK_BYTES))
    pieces = upload(path, {})
    next(pieces)
    next(pieces)
    path.write_bytes(bytes(10))
    with pytest.raises(SetInvalid, match="became shorter"):
        list(pieces)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SetInvalid, match=r"none\.zip cannot be read: No such file"):
        list(upload(tmp_path / "none.zip", {}))

import io
from pathlib import Path

from ascend_classify_client.image_sources import held, source


def test_each_is_read_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    path.write_bytes(b"image")
    for image in (b"image", path, str(path), io.BytesIO(b"image")):
        found = source(image)
        assert (found.size_bytes, found.read(), found.read()) == (5, b"image", b"image")


def test_a_file_is_read_when_it_is_sent_and_an_open_one_now(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    assert held(path) is path
    file = io.BytesIO(b"image")
    assert held(file) == b"image"
    assert file.read() == b""

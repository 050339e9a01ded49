from pathlib import Path

import pytest

from server.errors import ImageTooLarge, UndecodableImage
from server.images.file_errors import FileUnreadable
from server.images.files import read_image
from tests.level_model import level_png


def test_files(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(level_png(4))
    assert read_image((tmp_path / "a.png").read_bytes, 10_000).width_px == 48
    (tmp_path / "more.png").write_bytes(level_png(4) + b"what follows")
    assert read_image((tmp_path / "more.png").read_bytes, 10_000).data == level_png(4)
    with pytest.raises(ImageTooLarge):
        read_image((tmp_path / "a.png").read_bytes, 100)
    (tmp_path / "b.png").write_bytes(level_png(4)[:-20])
    with pytest.raises(UndecodableImage):
        read_image((tmp_path / "b.png").read_bytes, 10_000)
    for unreadable in (tmp_path, tmp_path / "none"):
        with pytest.raises(FileUnreadable, match="cannot be read"):
            read_image(unreadable.read_bytes, 10_000)
    (tmp_path / "empty.png").touch()
    with pytest.raises(FileUnreadable, match=r"has no bytes\. Send the content"):
        read_image((tmp_path / "empty.png").read_bytes, 10_000)

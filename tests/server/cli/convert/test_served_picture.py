"""A picture is read as the decoder gets it from the server."""

import pytest

from server.cli.convert.served_picture import read_served
from server.errors import UnsupportedImage
from tests.server.images.test_upright import png


def test_a_turned_picture_where_the_decoder_does_not_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.cpu.exif_turns.turns_pictures", lambda: True)
    assert read_served(lambda: png(6), 10_000)[:4] == b"\x89PNG"
    monkeypatch.setattr("pipelines.cpu.exif_turns.turns_pictures", lambda: False)
    assert read_served(lambda: png(6), 10_000)[:2] == b"BM"


def test_what_is_no_picture() -> None:
    with pytest.raises(UnsupportedImage):
        read_served(lambda: b"text", 10_000)

import pytest
import typer

from server.cli.options import parse_batch_sizes


def test_batch_sizes() -> None:
    assert parse_batch_sizes("1,2, 8") == (1, 2, 8)
    for text in ("", "1,,2", "one"):
        with pytest.raises(typer.BadParameter, match="not a list of numbers"):
            parse_batch_sizes(text)

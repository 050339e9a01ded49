"""The nearest name, and the time it takes."""

import pytest

from models.nearest_name import nearest_name


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("topk", "top_k"), ("timeout", "timeout_ms"), ("imgae", "image"), ("zebra", ""), ("", ""), ("image" * 100_000, "")],
)
def test_the_nearest_name(name: str, nearest: str) -> None:
    assert nearest_name(name, ["top_k", "timeout_ms", "image"]) == nearest

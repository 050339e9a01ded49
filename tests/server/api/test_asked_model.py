"""The model that the query names."""

import pytest

from server.api.asked_model import asked_model


@pytest.mark.parametrize(
    ("query", "name"),
    [("", None), ("top_k=3", None), ("model=b", "b"), ("top_k=3&model=a%20b", "a b"), ("supermodel=x", None), ("model=", "")],
)
def test_the_name(query: str, name: str | None) -> None:
    assert asked_model({"query_string": query.encode()}) == name

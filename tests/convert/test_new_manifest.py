"""A manifest with a field that cannot be is refused with the field."""

from typing import Any

import pytest

from convert.conversion_errors import ConvertError
from convert.new_manifest import new_manifest
from models.store import zoo_manifest

FIELDS: dict[str, Any] = zoo_manifest("resnext101_32x4d").model_dump()


def test_fields_that_fit() -> None:
    assert new_manifest(**FIELDS) == zoo_manifest("resnext101_32x4d")


@pytest.mark.parametrize(
    ("field", "value", "remedy"),
    [
        ("name", "A B", "Choose another name."),
        ("classes", 0, "Train with fewer classes."),
        ("version", 1, "Choose another version, in plain letters and digits."),
        ("description", 1, "Give the file another name, in plain letters and digits."),
        ("labels", "a b", "Correct the labels."),
    ],
)
def test_a_field_that_cannot_be(field: str, value: object, remedy: str) -> None:
    with pytest.raises(ConvertError, match=f"^The model cannot be described: {field}: .* {remedy}$"):
        new_manifest(**{**FIELDS, field: value})

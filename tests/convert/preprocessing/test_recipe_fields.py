import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.conversion_errors import ConvertError
from convert.preprocessing.recipe_fields import Fields, refusals_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def test_what_is_there_and_what_is_not() -> None:
    fields = Fields({"a": "x", "b": False, "c": 2, "d": [1, 2.5, 3], "e": {"width": 64, "height": 48}, "f": None, "g": 224}, "file")
    assert (fields.text("a"), fields.text("f"), fields.flag("b", default=True), fields.flag("z", default=True)) == ("x", "", False, True)
    assert (fields.number("c"), fields.triple("c"), fields.triple("d"), fields.triple("z")) == (2, (2, 2, 2), (1, 2.5, 3), None)
    assert (fields.size_px("e"), fields.size_px("g"), fields.size_px("z")) == ((64, 48), (224, 224), None)
    assert fields.below("e")
    assert not fields.below("z")


@given(JSON)
def test_any_value_is_of_the_kind_or_is_refused_in_few_words(value: object) -> None:
    fields = Fields({"key": value}, "config.json")
    for read in (
        fields.text,
        fields.number,
        fields.triple,
        fields.side_px,
        fields.size_px,
        fields.list_of,
        lambda key: fields.flag(key, default=True),
    ):
        with suppress(ConvertError):
            read("key")
            continue
        with pytest.raises(ConvertError, match=r"(?s)^config.json does not tell the recipe: .{1,400}$"):
            read("key")


@pytest.mark.parametrize("value", ["1e999", "-1e999", "10" * 200, "true", '"1"', "[1, 2]", "[1, 2, 3, 4]", "[[1], 2, 3]", "1e7"])
def test_numbers_that_are_none(value: str) -> None:
    with pytest.raises(ConvertError, match=r"does not tell the recipe: mean"):
        Fields(json.loads(f'{{"mean": {value}}}'), "config.json").triple("mean")


@pytest.mark.parametrize(("remedy", "found"), [("", "own"), ("another", "another")])
def test_a_refusal_names_its_file_once(remedy: str, found: str) -> None:
    for message in ("It is bad.", "a.toml does not tell the recipe: It is bad."):
        with pytest.raises(ConvertError) as refused, refusals_of("a.toml", remedy):
            raise ConvertError(message, "own")
        assert str(refused.value) == f"a.toml does not tell the recipe: It is bad. {found}"

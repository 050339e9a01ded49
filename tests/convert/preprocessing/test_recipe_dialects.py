"""One part, as an option and as a key of a file."""

from convert.preprocessing.recipe_dialects import as_key, as_option


def test_a_part_with_and_without_words() -> None:
    assert (as_option("colour_order", "BGR"), as_option("crop", "")) == ("--colour-order BGR", "--crop")
    assert (as_key("colour_order", "BGR"), as_key("crop", "")) == ('colour_order = "BGR"', "crop")

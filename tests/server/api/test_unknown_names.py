"""What is said of a name that does not exist."""

import pytest
from pydantic import ValidationError

from server.api.image_json import JsonImage
from server.api.unknown_names import malformed_json, unknown_name

KNOWN = ("image", "top_k")


@pytest.mark.parametrize("name", ["topk", "TOP_K", "top-k", "Top_K"])
def test_the_nearest_is_named(name: str) -> None:
    assert str(unknown_name("The form field", name, KNOWN)) == f"The form field {name!r} is unknown. Did you mean 'top_k'?"


def test_all_are_named_if_none_is_near() -> None:
    assert (
        str(unknown_name("The form field", "x" * 1000, KNOWN))
        == f"The form field {'x' * 80!r} is unknown. The known names are image, top_k."
    )


@pytest.mark.parametrize(
    ("json", "words"),
    [
        ('{"img": ""}', "The JSON key 'img' is unknown. Did you mean 'image'?"),
        ('{"top_k": "3", "img": ""}', "The JSON key 'img' is unknown. Did you mean 'image'?"),
        ('{"top_k": "3"}', "JSON body: top_k: Input should be a valid integer. Send it."),
        ("[]", "JSON body: body: Input should be an object. Send it."),
    ],
)
def test_json_that_does_not_fit(json: str, words: str) -> None:
    with pytest.raises(ValidationError) as raised:
        JsonImage.model_validate_json(json)
    assert str(malformed_json(raised.value, KNOWN, "Send it.")) == words

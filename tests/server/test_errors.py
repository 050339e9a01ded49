"""The tree: every leaf has a code of its own and is drawn."""

from server import errors
from server.api.openapi import error_classes
from server.errors import ServiceError


def test_codes_are_unique_and_drawn() -> None:
    leaves = list(error_classes())
    named = [leaf for leaf in leaves if "code" in vars(leaf)]  # the others are kinds of their parents
    assert len({leaf.code for leaf in named}) == len(named) >= 19
    for leaf in leaves:
        assert leaf.__module__ == errors.__name__  # what an engine process tells by its code is one of these
        assert f"─ {leaf.__name__} " in (errors.__doc__ or "")


def test_none_knows_a_status() -> None:
    assert not [leaf for leaf in error_classes() if hasattr(leaf, "status")]


def test_an_error_says_what_and_what_to_do() -> None:
    error = ServiceError("It broke.", "Correct it.")
    assert str(error) == "It broke. Correct it."

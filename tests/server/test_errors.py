"""The tree: every leaf has a code of its own and is drawn."""

from http import HTTPStatus

from server import errors
from server.api.openapi import error_classes
from server.errors import ServiceError


def test_codes_are_unique_and_drawn() -> None:
    leaves = list(error_classes())
    named = [leaf for leaf in leaves if "code" in vars(leaf)]  # the others are kinds of their parents
    assert len({leaf.code for leaf in named}) == len(named) >= 20
    for leaf in leaves:
        assert f"─ {leaf.__name__} " in (errors.__doc__ or "")
        assert str(int(leaf.status)) in (errors.__doc__ or "")


def test_an_error_says_what_and_what_to_do() -> None:
    error = ServiceError("It broke.", "Mend it.")
    assert (str(error), error.status) == ("It broke. Mend it.", HTTPStatus.INTERNAL_SERVER_ERROR)

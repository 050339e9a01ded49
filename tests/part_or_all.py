"""Cases that are many and alike: each so manyth in `make test`, all in `make soak`."""

import pytest


def part_or_all(step: int) -> pytest.MarkDecorator:
    """Parametrize `step`."""
    return pytest.mark.parametrize("step", [step, pytest.param(1, marks=pytest.mark.soak)])


def some_or_many(what: str, some: int, many: int) -> pytest.MarkDecorator:
    """Parametrize the number of them."""
    return pytest.mark.parametrize(what, [some, pytest.param(many, marks=pytest.mark.soak)])

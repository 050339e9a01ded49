"""Every remedy mends: each scenario is refused, does what the refusal says, and then goes. Every error has one, or a reason."""

import pytest

from tests.docs.errors_page import error_classes, import_all
from tests.remedies import of_models, over_http
from tests.remedies.scenario import SCENARIOS, Place

assert over_http
assert of_models


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_the_remedy_mends(name: str, place: Place) -> None:
    error, make = SCENARIOS[name]
    scenario = make(place)
    refusal = scenario.attempt()
    assert refusal is not None
    assert refusal.code == error.code
    scenario.mend(refusal.words)
    assert scenario.attempt() is None

"""Every remedy mends: each scenario is refused, does what the refusal says, and then goes. Every error has one, or a reason."""

import pytest

from models.model_errors import ClassifyError
from tests.docs.errors_page import error_classes, import_all
from tests.remedies import (
    of_artifacts,
    of_calibrations,
    of_explanations,
    of_imports,
    of_models,
    of_open_inference,
    of_runs,
    of_settings,
    of_several_models,
    over_http,
)
from tests.remedies.not_run import NOT_RUN
from tests.remedies.scenario import SCENARIOS, Place

MODULES = (
    of_artifacts,
    of_calibrations,
    of_explanations,
    of_imports,
    of_models,
    of_open_inference,
    of_runs,
    of_several_models,
    of_settings,
    over_http,
)  # each enters its scenarios


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_the_remedy_mends(name: str, place: Place) -> None:
    error, make = SCENARIOS[name]
    scenario = make(place)
    refusal = scenario.attempt()
    assert refusal is not None
    assert refusal.code == error.code
    scenario.mend(refusal.words)
    assert scenario.attempt() is None


def test_every_error_has_a_scenario_or_a_reason() -> None:
    import_all()
    known = {error.__name__ for error in error_classes(ClassifyError)}
    covered = {error.__name__ for error, _ in SCENARIOS.values()}
    assert known - covered - NOT_RUN.keys() == set()
    assert NOT_RUN.keys() - (known - covered) == set()

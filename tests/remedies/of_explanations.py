"""Remedies for explanations of answers."""

from typing import Any

from server.errors import BadRequest, NotFound
from tests.level_model import level_png
from tests.remedies.scenario import Place, Refusal, Scenario, answered, one_of, provokes
from tests.server.oip.served_app import served_app

PICTURE = level_png(40)


def explained(place: Place, grid: str = "4", **settings: Any) -> Refusal | None:
    with served_app(place.folder, engines="fake", **settings) as served:
        return answered(served.ask("POST", f"/explain?grid={grid}", content=PICTURE))


@provokes(NotFound)
def explanation_that_is_off(place: Place) -> Scenario:
    settings = {"explain": "false"}

    def mend(words: str) -> None:
        settings["explain"] = one_of(words, "EXPLAIN=")

    return Scenario(lambda: explained(place, **settings), mend)


@provokes(BadRequest)
def explanation_of_too_many_cells(place: Place) -> Scenario:
    grids = ["9"]
    return Scenario(lambda: explained(place, grids[-1], explain_runs="30"), lambda words: grids.append(one_of(words, "Ask for grid=")))

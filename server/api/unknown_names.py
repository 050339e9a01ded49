"""Refuses options and fields that do not exist, and names the nearest that does."""

from collections.abc import Iterable

from pydantic import ValidationError

from models.nearest_name import nearest_name
from server.api.asked_model import MODEL
from server.errors import BadRequest

_SHOWN = 80


def unknown_name(kind: str, name: str, known: Iterable[str]) -> BadRequest:
    """The error for a name that is none of the known ones. `kind` says what it names: `The query parameter`."""
    if name == MODEL:
        return BadRequest(f"{kind} {name!r} is not taken.", "Name the model in the query of the URL: ?model=NAME.")
    names = list(known)
    near = nearest_name(name[:_SHOWN].lower().replace("-", "_"), names)
    return BadRequest(
        f"{kind} {name[:_SHOWN]!r} is unknown.", f"Did you mean {near!r}?" if near else f"The known names are {', '.join(names)}."
    )


def malformed_json(error: ValidationError, known: Iterable[str], remedy: str) -> BadRequest:
    """The error for JSON that does not fit its model, whose keys are `known`."""
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    first = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])  # a mistyped key is missing, too
    if first["type"] == "extra_forbidden":
        return unknown_name("The JSON key", str(first["loc"][-1]), known)
    where = ".".join(map(str, first["loc"])) or "body"
    return BadRequest(f"JSON body: {where}: {first['msg']}.", remedy)

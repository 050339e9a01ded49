"""The model that a request names in its query: it is known before the body, so that a full window can refuse at once."""

from starlette.datastructures import QueryParams
from starlette.types import Scope

MODEL = "model"


def asked_model(scope: Scope) -> str | None:
    """The name, or None for the default model."""
    query: bytes = scope["query_string"]
    return QueryParams(query).get(MODEL) if MODEL.encode() in query else None

"""The OpenAPI of the hot routes, which are plain Starlette. Replies come from the schemas, statuses and codes from the error tree."""

import base64
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from models.manifest import MAX_TOP_K
from models.model_errors import ClassifyError
from server.api.asked_model import MODEL
from server.api.guard import OPEN_PATHS
from server.api.schemas import BatchReply, ClassifyReply, ErrorReply, ExplainReply
from server.api.statuses import status_of
from server.calibration.coverage_levels import LEAST_COVERAGE, MOST_COVERAGE
from server.errors import ServiceError, Unauthorized
from server.images.occlusion import LEAST_GRID, MOST_GRID
from server.web.rendering import STATIC

Schema = dict[str, Any]

_COMPONENT = "#/components/schemas/{model}"

_OPTIONS: Schema = {
    "top_k": {"type": "integer", "minimum": 1, "maximum": MAX_TOP_K, "default": 5},
    "timeout_ms": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1, "example": 30_000},
    "coverage": {"type": "number", "minimum": LEAST_COVERAGE, "maximum": MOST_COVERAGE},
}
_QUERY: Schema = {MODEL: {"type": "string", "maxLength": 64, "description": "Name of the model; without one the default."}, **_OPTIONS}
_EXPLAIN_QUERY: Schema = {
    MODEL: _QUERY[MODEL],
    "class_id": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1, "description": "Class to explain; without one the best."},
    "grid": {
        "type": "integer",
        "minimum": LEAST_GRID,
        "maximum": MOST_GRID,
        "description": "Cells a side; 7 where EXPLAIN_RUNS allows it.",
    },
    "timeout_ms": _OPTIONS["timeout_ms"],
}
_FASTAPIS_REFUSAL = "422"
_ITS_COMPONENTS = ("HTTPValidationError", "ValidationError")
_SCHEMES: Schema = {
    "ApiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    "Bearer": {"type": "http", "scheme": "bearer"},
}
_FILE: Schema = {"type": "string", "format": "binary"}
_BEST = "The best classes, best first."
_MAP = "How much the score of the class falls when a part of the image is covered."
EXAMPLE_PICTURE = base64.b64encode((STATIC / "example.jpg").read_bytes()).decode()
_BASE64: Schema = {"type": "string", "contentEncoding": "base64", "minLength": 4}


def error_classes(root: type[ServiceError] = ServiceError) -> Iterator[type[ServiceError]]:
    """Every error class of serving; the hot routes can answer with any of them."""
    for child in root.__subclasses__():
        yield child
        yield from error_classes(child)


def complete_document(app: FastAPI, *, has_keys: bool) -> None:
    """Add POST /classify, /classify/batch and /explain to the application's document, and the keys if the server has some."""
    generate = app.openapi

    @cache
    def openapi() -> Schema:
        document = generate()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas |= _reply_components()
        for name in _ITS_COMPONENTS:
            schemas.pop(name, None)
        raw = {f"image/{kind}": {"schema": _FILE} for kind in ("jpeg", "png", "webp", "bmp")}
        one = {  # the first can be tried at once
            "application/json": {"schema": _form(_BASE64), "example": {"image": EXAMPLE_PICTURE, "top_k": 5}},
            "multipart/form-data": {"schema": _plain_form(_FILE)},
            **raw,
            "application/octet-stream": {"schema": _FILE},
        }
        several = {
            "application/json": {
                "schema": _form({"type": "array", "items": _BASE64, "minItems": 1}, "images"),
                "example": {"images": [EXAMPLE_PICTURE, EXAMPLE_PICTURE], "top_k": 3},
            },
            "multipart/form-data": {"schema": _plain_form({"type": "array", "items": _FILE, "minItems": 1})},
        }
        seen = {"application/json": {"schema": _seen(_BASE64), "example": {"image": EXAMPLE_PICTURE}}, **raw}
        hot = {
            "/classify": _operation("Classify one image", "classify", one, ClassifyReply),
            "/classify/batch": _operation("Classify several images", "classify_batch", several, BatchReply),
            "/explain": _operation("Show what in an image speaks for a class", "explain", seen, ExplainReply, _EXPLAIN_QUERY, _MAP),
        }
        others = {path: operations for path, operations in document["paths"].items() if path not in hot}
        document["paths"] = hot | others
        if has_keys:
            document["components"]["securitySchemes"] = _SCHEMES
        for path, operations in document["paths"].items():
            for operation in operations.values():
                if path not in hot:
                    operation["responses"].pop(_FASTAPIS_REFUSAL, None)  # this server answers 400 instead
                if not path.startswith(OPEN_PATHS):
                    operation["responses"].setdefault(str(int(status_of(Unauthorized))), _refusal(Unauthorized))
                    if has_keys:
                        operation["security"] = [{name: []} for name in _SCHEMES]
        return _named_by_title(document)

    app.openapi = openapi  # type: ignore[method-assign]


def _form(image: Schema, name: str = "image") -> Schema:
    return {"type": "object", "required": [name], "properties": {name: image, **_OPTIONS}, "additionalProperties": False}


def _plain_form(image: Schema) -> Schema:
    """Without a coverage, though one is taken: the page of the document would fill it in, and only a calibrated model answers it."""
    form = _form(image)
    del form["properties"]["coverage"]
    return form


def _seen(image: Schema) -> Schema:
    properties = {"image": image, "timeout_ms": _OPTIONS["timeout_ms"]}
    return {"type": "object", "required": ["image"], "properties": properties, "additionalProperties": False}


def _operation(
    summary: str, operation_id: str, content: Schema, answer: type[BaseModel], query: Schema = _QUERY, told: str = _BEST
) -> Schema:
    parameters = [{"name": name, "in": "query", "required": False, "schema": schema} for name, schema in query.items()]
    responses: Schema = {"200": {"description": told, "content": _json(answer)}}
    responses |= {str(status): refusal for status, refusal in refusals(*error_classes()).items()}
    return {
        "post": {
            "summary": summary,
            "operationId": operation_id,
            "tags": ["classification"],
            "parameters": parameters,
            "requestBody": {"required": True, "content": content},
            "responses": responses,
        }
    }


def refusals(*errors: type[ClassifyError]) -> dict[int | str, Schema]:
    """The documented errors of a route, by status."""
    by_status: dict[int, list[type[ClassifyError]]] = {}
    for error in errors:
        by_status.setdefault(int(status_of(error)), []).append(error)
    return {status: _refusal(*same) for status, same in sorted(by_status.items())}


def _refusal(*errors: type[ClassifyError]) -> Schema:
    lines = [f"`{error.code}`: {(error.__doc__ or '').splitlines()[0]}" for error in errors]
    return {"description": " ".join(lines), "content": _json(ErrorReply)}


def _json(reply: type[BaseModel]) -> Schema:
    return {"application/json": {"schema": {"$ref": _COMPONENT.format(model=reply.__name__)}}}


class _AsWritten(GenerateJsonSchema):
    def sort(self, value: Schema, parent_key: str | None = None) -> Schema:  # noqa: ARG002 - pydantic's
        """Keep the order: an example has the order of the JSON."""
        return value


def _reply_components() -> Schema:
    """The replies that FastAPI does not see, because the routes write them without it."""
    _, found = models_json_schema(
        [(reply, "serialization") for reply in (ClassifyReply, BatchReply, ExplainReply, ErrorReply)],
        ref_template=_COMPONENT,
        schema_generator=_AsWritten,
    )
    components: Schema = found["$defs"]
    return components


def _named_by_title(document: Schema) -> Schema:
    """Rename components to their titles. FastAPI and pydantic use the class's name, which may change; the title does not."""
    components = document["components"]["schemas"]
    titles = {name: schema.get("title", name) for name, schema in components.items()}
    named = {**document, "components": {**document["components"], "schemas": {titles[name]: components[name] for name in components}}}
    pattern = _COMPONENT.format(model=r"(\w+)")
    text = re.sub(f'"{pattern}"', lambda found: f'"{_COMPONENT.format(model=titles[found[1]])}"', json.dumps(named))
    renamed: Schema = json.loads(text)
    return renamed

"""The OpenAPI of the hot routes, which are plain Starlette: statuses and codes come from the error tree."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from models.manifest import MAX_TOP_K
from models.model_errors import ClassifyError
from server.api.guard import OPEN_PATHS
from server.api.statuses import status_of
from server.errors import ServiceError, Unauthorized

Schema = dict[str, Any]

_PREDICTION: Schema = {
    "type": "object",
    "required": ["class_id", "label", "score"],
    "properties": {"class_id": {"type": "integer"}, "label": {"type": "string"}, "score": {"type": "number"}},
}
_ANSWER: Schema = {
    "type": "object",
    "required": ["model", "version", "engine", "score_type", "predictions"],
    "properties": {
        "model": {"type": "string"},
        "version": {"type": "string"},
        "engine": {"type": "string"},
        "score_type": {"enum": ["probability", "logit"]},
        "predictions": {"type": "array", "items": {"$ref": "#/components/schemas/Prediction"}},
        "timing_ms": {"type": "object", "additionalProperties": {"type": "number"}},
    },
    "example": {
        "model": "efficientnet_lite0",
        "version": "1",
        "engine": "stream",
        "score_type": "probability",
        "predictions": [{"class_id": 285, "label": "Egyptian cat", "score": 0.79}],
        "timing_ms": {"read": 0.2, "decode": 2.1, "resize": 0.2, "infer": 9.8, "total": 12.9},
    },
}
_ERROR: Schema = {
    "type": "object",
    "required": ["error", "code", "request_id"],
    "properties": {"error": {"type": "string"}, "code": {"type": "string"}, "request_id": {"type": "string"}},
}
_BATCH: Schema = {
    "type": "object",
    "required": ["model", "version", "results"],
    "properties": {
        "model": {"type": "string"},
        "version": {"type": "string"},
        "results": {
            "type": "array",
            "description": "One outcome for each image, in order: an answer, or an error and its code.",
            "items": {
                "anyOf": [
                    {"$ref": "#/components/schemas/Answer"},
                    {
                        "type": "object",
                        "required": ["error", "code"],
                        "properties": {"error": {"type": "string"}, "code": {"type": "string"}},
                    },
                ]
            },
        },
        "timing_ms": {"type": "object", "additionalProperties": {"type": "number"}},
    },
}
_OPTIONS: Schema = {
    "top_k": {"type": "integer", "minimum": 1, "maximum": MAX_TOP_K, "default": 5},
    "timeout_ms": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
}
_FASTAPIS_REFUSAL = "422"
_FILE: Schema = {"type": "string", "format": "binary"}
_BASE64: Schema = {"type": "string", "contentEncoding": "base64", "minLength": 4}


def error_classes(root: type[ServiceError] = ServiceError) -> Iterator[type[ServiceError]]:
    """Every error of serving, which the hot routes can refuse with."""
    for child in root.__subclasses__():
        yield child
        yield from error_classes(child)


def add_hot_routes(app: FastAPI) -> None:
    """Describe POST /classify and /classify/batch in the application's document."""
    generate = app.openapi

    def openapi() -> Schema:
        document = generate()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.update({"Prediction": _PREDICTION, "Answer": _ANSWER, "BatchAnswer": _BATCH, "Error": _ERROR})
        raw = {f"image/{kind}": {"schema": _FILE} for kind in ("jpeg", "png", "webp", "bmp")}
        one = raw | {
            "application/octet-stream": {"schema": _FILE},
            "multipart/form-data": {"schema": _form(_FILE)},
            "application/json": {"schema": _form(_BASE64)},
        }
        several = {
            "multipart/form-data": {"schema": _form({"type": "array", "items": _FILE, "minItems": 1})},
            "application/json": {"schema": _form({"type": "array", "items": _BASE64, "minItems": 1}, "images")},
        }
        hot = {
            "/classify": _operation("Classify one image", "classify", one, "Answer"),
            "/classify/batch": _operation("Classify several images", "classify_batch", several, "BatchAnswer"),
        }
        others = {path: operations for path, operations in document["paths"].items() if path not in hot}
        for path, operations in others.items():
            for operation in operations.values():
                operation["responses"].pop(_FASTAPIS_REFUSAL, None)  # it is answered 400 here
                if not path.startswith(OPEN_PATHS):
                    operation["responses"].setdefault(str(int(status_of(Unauthorized))), _refusal(Unauthorized))
        document["paths"] = hot | others
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _form(image: Schema, name: str = "image") -> Schema:
    return {"type": "object", "required": [name], "properties": {name: image, **_OPTIONS}, "additionalProperties": False}


def _operation(summary: str, operation_id: str, content: Schema, answer: str) -> Schema:
    parameters = [{"name": name, "in": "query", "required": False, "schema": schema} for name, schema in _OPTIONS.items()]
    responses: Schema = {"200": {"description": "The best classes, best first.", "content": _json(answer)}}
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
    """The documented answers of a route that can refuse in these ways, by status."""
    by_status: dict[int, list[type[ClassifyError]]] = {}
    for error in errors:
        by_status.setdefault(int(status_of(error)), []).append(error)
    return {status: _refusal(*same) for status, same in sorted(by_status.items())}


def _refusal(*errors: type[ClassifyError]) -> Schema:
    lines = [f"`{error.code}`: {(error.__doc__ or '').splitlines()[0]}" for error in errors]
    return {"description": " ".join(lines), "content": _json("Error")}


def _json(schema: str) -> Schema:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}

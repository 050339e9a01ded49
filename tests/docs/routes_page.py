"""docs/routes.md: the OpenAPI document of the application, and the pages that are not in it."""

import re
from collections.abc import Iterator
from typing import Any

from starlette.routing import Mount, Route

from models.store import StoredModel, zoo_manifest
from server.api.guard import OPEN_PATHS
from server.app import create_app
from server.engines.fake_engine import FakeEngine
from server.engines.fleet.fleet import Fleet
from server.evaluation.jobs.evaluations import Evaluations
from server.http.hot_routes import HotRoutes
from server.serving.reload import Reloader
from server.serving.served_model import ServedModel
from server.serving.service import Service
from server.settings import Settings
from server.telemetry.metrics import Metrics
from tests.docs.tables import code, table

Schema = dict[str, Any]
CODE = re.compile(r"(`\w+`): ")  # as server/api/openapi.py writes the refusals
FASTAPIS_WORDS = "Successful Response"
HEADINGS = {
    "classification": "Classification",
    "inference protocol": "Open Inference Protocol",
    "evaluation": "Evaluations",
    "admin": "Administration",
    "health": "Health",
    "service": "Service",
}


def application() -> HotRoutes:
    """The whole application with default settings, not started: its engine needs no model."""
    settings = Settings.model_construct()
    model = StoredModel(zoo_manifest(settings.model), settings.model_store)
    service = Service(settings, [ServedModel(model, Fleet.of(FakeEngine()))], Metrics())
    return create_app(service, Reloader(service, "cpu"), Evaluations(service, "cpu", ()))


def kind(schema: Schema) -> str:
    """A schema in a few words: a type, a reply's name, the bounds of a number."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(kind(each) for each in schema["anyOf"] if each.get("type") != "null")
    if schema.get("type") == "array":
        return f"list of {kind(schema['items'])}"
    if schema.get("format") == "binary":
        return "bytes"
    if schema.get("contentEncoding") == "base64":
        return "base64"
    bounds = f", {schema['minimum']:.10g} to {schema['maximum']:.10g}" if "maximum" in schema else ""
    return f"{schema.get('type', 'anything')}{bounds}"


def parameters(operation: Schema) -> str:
    """The table of an operation's parameters, or nothing."""
    rows = [
        (code(each["name"]), each["in"], kind(each["schema"]), code(each["schema"].get("default", "")))
        for each in operation.get("parameters", ())
    ]
    return table(("Parameter", "In", "Type", "Default"), rows) if rows else ""


def body(operation: Schema) -> str:
    """The table of the bodies an operation takes, or nothing."""
    content = operation.get("requestBody", {}).get("content", {})
    kinds: dict[str, list[str]] = {}
    for media, each in content.items():
        fields = each["schema"].get("properties", {})
        needed = each["schema"].get("required", ())
        told = "; ".join(f"{code(name)} ({kind(field)}{', required' if name in needed else ''})" for name, field in fields.items())
        kinds.setdefault(told or kind(each["schema"]), []).append(code(media))
    return table(("Body", "Holds"), [(", ".join(media), told) for told, media in kinds.items()]) if kinds else ""


def answers(operation: Schema) -> str:
    """An operation's answers, and in one line the codes of its refusals."""
    lines, refused = [], []
    for status, each in sorted(operation["responses"].items()):
        if codes := list(dict.fromkeys(CODE.findall(each["description"]))):
            refused.append(f"{status} {', '.join(codes)}")
            continue
        content = each.get("content", {})
        kinds = ", ".join(f"{code(media)} {kind(held['schema']) if held.get('schema') else ''}".strip() for media, held in content.items())
        told = "" if each["description"] == FASTAPIS_WORDS else f"{each['description'].rstrip('.')}. "
        lines.append(f"- **{status}** {told}{kinds}".rstrip())
    return "\n".join([*lines, *([f"- Refused: {'; '.join(refused)}"] if refused else [])])


def operations(document: Schema) -> Iterator[tuple[str, str, str, Schema]]:
    """Tag, method and path of every operation, and the operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield operation["tags"][0], method.upper(), path, operation


def section(method: str, path: str, operation: Schema) -> str:
    """One operation."""
    key = "Asks for the API key, if the server has one." if "401" in operation["responses"] else "Needs no API key."
    told = dict.fromkeys(text.rstrip(".") for text in (operation["summary"], " ".join(operation.get("description", "").split())) if text)
    parts = [f"### {method} {path}", f"{'. '.join(told)}. {key}"]
    return "\n\n".join(part for part in (*parts, parameters(operation), body(operation), answers(operation)) if part)


def pages(app: HotRoutes) -> str:
    """The table of what is not in the OpenAPI document."""
    rows = []
    for route in app.app.router.routes:
        if isinstance(route, Mount) or (isinstance(route, Route) and not route.include_in_schema):
            path = f"{route.path}/…" if isinstance(route, Mount) else route.path
            rows.append((code(f"GET {path}"), "no" if path == "/" or path.startswith(OPEN_PATHS) else "yes"))
    return table(("Page", "Asks for the API key"), rows)


def components(document: Schema) -> str:
    """Every reply, field by field."""
    parts = []
    for name, schema in sorted(document["components"]["schemas"].items()):
        parts.append(f"### {name}\n\n{' '.join(schema.get('description', '').split())}".strip())
        if "enum" in schema:
            parts.append(", ".join(code(value) for value in schema["enum"]))
        fields = [(code(field), kind(each), each.get("description", "")) for field, each in schema.get("properties", {}).items()]
        if fields:
            parts.append(table(("Field", "Type", "What it is"), fields))
    return "\n\n".join(parts)


def routes() -> str:
    """The operations by tag, the other pages, and the replies."""
    app = application()
    document = app.app.openapi()
    found = list(operations(document))
    parts = []
    for tag, heading in HEADINGS.items():
        parts += [f"## {heading}", *(section(method, path, each) for of, method, path, each in found if of == tag)]
    unknown = {of for of, *_ in found} - set(HEADINGS)
    assert not unknown, f"tests/docs/routes_page.py has no heading for {unknown}"
    return "\n\n".join((*parts, "## Pages", pages(app), "## Replies", components(document)))

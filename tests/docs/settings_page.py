"""docs/settings.md: every setting, grouped by the comments of its class."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

from server.settings import Settings
from tests.docs.tables import code, table

HEADING = re.compile(r"^    # (?P<heading>.+)$|^    (?P<name>\w+): ", re.MULTILINE)
KINDS = {"string": "text", "boolean": "`true`, `false`", "password": "text"}


def groups() -> Iterator[tuple[str, list[str]]]:
    """The headings in the source of Settings, and the names of the settings below each."""
    heading, names = "", list[str]()
    for found in HEADING.finditer(inspect.getsource(Settings)):
        if found["heading"]:
            if names:
                yield heading, names
            heading, names = found["heading"], []
        elif found["name"] in Settings.model_fields:
            names.append(found["name"])
    yield heading, names


def values(schema: dict[str, Any]) -> str:
    """The values of a setting, from its JSON schema."""
    kind = next((each for each in schema.get("anyOf", ()) if each.get("type") != "null"), schema)
    if "enum" in kind:
        return ", ".join(code(value) for value in kind["enum"])
    word = kind.get("format", kind["type"])
    name = KINDS.get(word, word)
    if "maximum" in kind:
        return f"{name}, {kind['minimum']:g} to {kind['maximum']:g}"
    if "minimum" in kind:
        return f"{name}, {kind['minimum']:g} or more"
    return f"{name}, more than {kind['exclusiveMinimum']:g}" if "exclusiveMinimum" in kind else name


def settings() -> str:
    """A heading and a table for each group."""
    properties = Settings.model_json_schema()["properties"]
    parts = []
    for heading, names in groups():
        rows = []
        for name in names:
            schema, default = properties[name], properties[name].get("default")
            shown = "" if default is None else code(str(default).lower() if isinstance(default, bool) else default)
            rows.append((code(name.upper()), values(schema), shown, schema["description"]))
        parts.append(f"## {heading}\n\n{table(('Setting', 'Values', 'Default', 'What it does'), rows)}")
    return "\n\n".join(parts)

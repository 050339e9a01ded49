"""docs/cli.md: the tree of commands as Typer has it, so that no terminal's width matters."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from server.cli.command_line import app
from tests.docs.tables import code, escaped, table

PROGRAM = "ascend-classify"
KINDS = {Path: "path", str: "text", int: "whole number", float: "number", bool: ""}


def commands(group: TyperGroup, prefix: str = PROGRAM) -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    """Every command that is shown, groups before their own."""
    for name, command in group.commands.items():
        if command.hidden or not isinstance(command, TyperCommand | TyperGroup):
            continue
        yield f"{prefix} {name}", command
        if isinstance(command, TyperGroup):
            yield from commands(command, f"{prefix} {name}")


def argument_name(argument: TyperArgument) -> str:
    """As a usage line has it: IMAGES, [IMAGES], [IMAGES]..."""
    name = (argument.metavar or (argument.name or "").upper()).strip("[].")
    shown = name if argument.required else f"[{name}]"
    return f"{shown}..." if argument.nargs == -1 else shown


def default(option: TyperOption) -> str:
    """The default as it is typed, or nothing for a switch and for what is simply not given."""
    return "" if option.is_flag or option.default is None or option.default == () else code(option.default)


def kind(option: TyperOption) -> str:
    """The values that an option takes, with its bounds."""
    annotation: Any = option.type_descriptor.annotation
    if get_origin(annotation) is Literal:
        return " or ".join(code(word) for word in get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return " or ".join(map(code, annotation))
    if get_origin(annotation) is list:
        return f"{KINDS[get_args(annotation)[0]]}, several times"
    if get_origin(annotation) is tuple:
        return " and ".join(KINDS[each] for each in get_args(annotation))
    words = [KINDS[annotation]]
    if option.min is not None:
        words.append(f"from {option.min:g}")
    if option.max is not None:
        words.append(f"to {option.max:g}")
    return " ".join(words)


def tables(command: TyperCommand) -> str:
    """The arguments and the options of a command."""
    arguments = [(code(argument_name(each)), each.help or "") for each in command.params if isinstance(each, TyperArgument)]
    options = [
        (", ".join(code(name) for name in (*each.opts, *each.secondary_opts)), kind(each), default(each), each.help or "")
        for each in command.params
        if isinstance(each, TyperOption) and not each.hidden
    ]
    parts = [table(("Argument", "What it is"), arguments) if arguments else ""]
    parts.append(table(("Option", "Takes", "Default", "What it does"), options) if options else "")
    return "\n\n".join(part for part in parts if part)


def section(name: str, command: TyperCommand | TyperGroup) -> str:
    """One command, or the heading of a group."""
    text = escaped(" ".join((command.help or "").split()))
    if isinstance(command, TyperGroup):
        return f"## {name}\n\n{text}"
    level = "##" if name.count(" ") == 1 else "###"
    usage = " ".join([name, "[OPTIONS]", *(argument_name(each) for each in command.params if isinstance(each, TyperArgument))])
    if command.name == "serve":
        options = "Its options are the [settings](settings.md): every setting is a flag, but `API_KEY` and `OTEL_EXPORTER_OTLP_HEADERS`."
    else:
        options = tables(command)
    return f"{level} {name}\n\n{text}\n\n```\n{usage}\n```\n\n{options}".rstrip()


def cli() -> str:
    """Every command."""
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    return "\n\n".join(section(name, command) for name, command in commands(root))

"""Gives a command one flag for every setting, so that only settings.py lists the settings."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from server.settings import SettingInvalid, Settings

HIDDEN = ("api_key", "otel_exporter_otlp_headers")  # not flags: every user of the machine can read a command line


def load_settings(**flags: object) -> Settings:
    """The settings, flags first; raises SettingInvalid that names the setting."""
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        raise SettingInvalid(
            f"{name} cannot be {first['input']!r}: {first['msg']}.",
            f"Correct it where it is set: {name.upper()}, --{name.replace('_', '-')} or ascend-classify.toml.",
        ) from error


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Turn a command that takes Settings into one that takes their flags, after its own options."""
    own = list(inspect.signature(command).parameters.values())[1:]

    def run(**flags: Any) -> None:  # noqa: ANN401 - what Typer parsed
        options = {option.name: flags.pop(option.name) for option in own}
        command(load_settings(**flags), **options)

    parameters = [*own, *(_parameter(name, field) for name, field in Settings.model_fields.items() if name not in HIDDEN)]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__doc__ = command.__doc__
    return run


def _parameter(name: str, field: FieldInfo) -> inspect.Parameter:
    default = field.default
    kind: type = type(default) if isinstance(default, int | float | str) else Path
    shown = "" if default is None else f" (default: {default})"
    option = typer.Option(f"--{name.replace('_', '-')}", help=f"{field.description}{shown}", show_default=False)
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind | None, option],
    )

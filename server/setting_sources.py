"""Where the settings are written: the long names of the environment's variables, and the settings file."""

import os
import tomllib
from collections.abc import Collection, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pydantic_settings import EnvSettingsSource, TomlConfigSettingsSource
from pydantic_settings.main import BaseSettings

from models.model_errors import ClassifyError
from models.nearest_name import nearest_name
from models.text_file import decode_text, read_text

SETTINGS_FILE = "ascend-classify.toml"
PREFIX = "ASCEND_CLASSIFY_"
"""Of the long names of the variables. They beat the short ones, which other programs may use too: conda sets HOST."""
OTHERS = ("STRICT",)  # with the prefix, but read by other parts of the project
NO_KEY = "no-api-key"
"""The content of a key file that stands for no key: a container needs a file, and an empty one may be an accident."""


class SettingInvalid(ClassifyError):
    """A flag, an environment variable or the settings file holds a value that cannot be.

    Correct the value; docs/settings.md lists what each setting may be.
    """

    code = "setting_invalid"


def plain_text(value: str | Path) -> str:
    """A text without blanks or quotes around it; ~ is the home."""
    text = str(value).strip()
    text = text[1:-1].strip() if text[1:] and text[0] == text[-1] and text[0] in "\"'" else text
    return os.path.expanduser(text)  # noqa: PTH111 - Path's own raises for a user that there is not


def variables(prefix: str) -> dict[str, str]:
    """The variables of the environment whose names begin so, also those that only a package reads."""
    found = EnvSettingsSource(BaseSettings).env_vars
    return {name.upper(): value for name, value in found.items() if value and name.startswith(prefix.lower())}


class LongNames(EnvSettingsSource):
    """The variables whose names begin with PREFIX: each must be a setting, since they can mean nothing else."""

    def __call__(self) -> dict[str, Any]:
        """Check the names, and give the values."""
        for variable in self.env_vars:
            name = variable.removeprefix(PREFIX.lower())
            if name != variable and name.upper() not in OTHERS:
                check_name(name, self.settings_cls.model_fields, variable.upper(), PREFIX)
        return super().__call__()


class SettingsFile(TomlConfigSettingsSource):
    """ascend-classify.toml."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        if Path(SETTINGS_FILE).is_dir():
            raise SettingInvalid(f"{SETTINGS_FILE} is a folder.", "Remove it: Docker makes a folder for a mount of a file that is missing.")
        self._names = settings_cls.model_fields
        super().__init__(settings_cls)

    def _read_file(self, file_path: Path | Traversable) -> dict[str, Any]:
        remedy = 'A line of it is NAME = value, as port = 8001, or host = "0.0.0.0": text has quotes around it.'
        values = read_toml(file_path, remedy)
        for name, value in values.items():
            if isinstance(value, dict):
                more = "Settings of one model are in the file of MODELS_FILE." if name.startswith("model") else remedy
                raise SettingInvalid(f"{file_path} has the section [{name[:80]}].", f"The file has no sections. {more}")
            check_name(name, self._names, f"{name[:80]!r} in {file_path}")
        return {name: value for name, value in values.items() if value != ""}


def read_toml(file: Path | Traversable, remedy: str) -> Mapping[str, Any]:
    """The values of a TOML file; raises SettingInvalid with the remedy."""
    try:
        return tomllib.loads(decode_text(file.read_bytes()))
    except (OSError, ValueError, RecursionError) as error:  # tomllib fails on a thousand nested lists
        raise SettingInvalid(f"{file}: {error}.", remedy) from error


def check_name(name: str, settings: Collection[str], written: str, prefix: str = "") -> None:
    """Check that there is a setting of this name; raises SettingInvalid that names the nearest one."""
    if name in settings:
        return
    near = nearest_name(name.lower().removeprefix(PREFIX.lower()).replace("-", "_"), settings)
    known = f"Did you mean {prefix}{near.upper() if prefix else near}?" if near else "docs/settings.md lists the settings."
    raise SettingInvalid(f"There is no setting for {written}.", known)


def names_of(models: str) -> tuple[str, ...]:
    """The names of MODELS; raises SettingInvalid if one occurs twice."""
    names = tuple(name.strip() for name in models.split(",") if name.strip())
    if len(set(names)) < len(names):
        raise SettingInvalid(f"MODELS={models} names a model twice.", "Name each model once.")
    return names


def read_key(file: Path) -> str | None:
    """The key that a file holds; None for NO_KEY. Raises SettingInvalid for a file that cannot be read, or is empty."""
    try:
        key = read_text(file).strip()
    except (OSError, ValueError) as error:
        raise SettingInvalid(f"API_KEY_FILE: {file} cannot be read: {error}.", "Name a text file that this user can read.") from error
    if not key:
        raise SettingInvalid(f"API_KEY_FILE: {file} is empty.", f"Write the key into it, or the word {NO_KEY} to serve without one.")
    return None if key == NO_KEY else key

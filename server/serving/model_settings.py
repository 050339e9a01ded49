"""The settings of one model: those of the server, and in MODELS_FILE a section of its own."""

from typing import Any

from pydantic import ValidationError

from models.store import ModelStore
from server.serving.companions import COMPANIONS, Companions, check_names, read_companions
from server.setting_sources import check_name, read_toml
from server.settings import SettingInvalid, Settings

PER_MODEL = (
    *("engines", "devices", "engine_processes", "engine_python", "engine_start_s", "engine_stall_s", "streams_per_device"),
    *("precision", "decode", "latency_mode", "full_scores", "pipeline"),
)
"""What a section may hold."""
OF_ONE = ("pipeline",)
"""What names a file of one model, so that it cannot be for all of several."""


def settings_of(settings: Settings, name: str) -> Settings:
    """The settings for a model; raises SettingInvalid if its section or a setting for all models cannot be."""
    own = {setting: value for setting, value in _section(settings, name).items() if setting not in COMPANIONS}
    if settings.model_names != (name,):
        for setting in OF_ONE:
            if getattr(settings, setting) != Settings.model_fields[setting].default:
                raise SettingInvalid(
                    f"{setting.upper()} is of one model, and several are served.",
                    "Set it in the section of its model, in the file of MODELS_FILE.",
                )
    if not own and settings.model == name:
        return settings
    try:
        return Settings(**settings.model_dump() | {"model": name, "models": ""} | own)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise SettingInvalid(
            f"[{name}] in {settings.models_file}: {first['loc'][0]} cannot be {first['input']!r}: {first['msg']}.", "Correct it there."
        ) from error


def check_sections(settings: Settings) -> None:
    """Check that each section of MODELS_FILE, and each model that it names, is served or may be loaded later; raises SettingInvalid."""
    for name in _sections(settings):
        if name not in settings.model_names and settings.model_control == "none":
            served = ", ".join(settings.model_names)
            raise SettingInvalid(
                f"{settings.models_file} has the section [{name[:80]}], and no such model is served.", f"Served: {served}."
            )
        known = settings.model_names
        if settings.model_control != "none":  # a companion may be loaded later
            known = tuple(dict.fromkeys((*known, *ModelStore(settings.model_store).names())))
        check_names(companions_of(settings, name), name, known, _where(settings, name))


def companions_of(settings: Settings, name: str) -> Companions:
    """The models beside a model; raises SettingInvalid."""
    return read_companions(_section(settings, name), _where(settings, name))


def _where(settings: Settings, name: str) -> str:
    return f"[{name[:80]}] in {settings.models_file}"


def _section(settings: Settings, name: str) -> dict[str, Any]:
    section = _sections(settings).get(name, {})
    for setting in section:
        check_name(setting, (*PER_MODEL, *COMPANIONS), f"{setting[:80]!r} in [{name}] of {settings.models_file}")
    return section


def _sections(settings: Settings) -> dict[str, dict[str, Any]]:
    file = settings.models_file
    if file is None:
        return {}
    names = ", ".join((*PER_MODEL, *COMPANIONS))
    remedy = f'A section of it is [NAME] of a model, with lines as precision = "int8" below. A section may have {names}.'
    sections = dict(read_toml(file, remedy))
    for name, section in sections.items():
        if not isinstance(section, dict):
            raise SettingInvalid(f"{file}: {name[:80]!r} stands in no section.", remedy)
    return sections

"""The settings of each of several models."""

from pathlib import Path

import pytest

from server.cli.flags import load_settings
from server.serving.model_settings import check_sections, settings_of
from server.settings import SettingInvalid, Settings


def settings(folder: Path, text: str, **flags: object) -> Settings:
    (folder / "models.toml").write_text(text)
    return load_settings(models="a,b", models_file=folder / "models.toml", **flags)


def test_a_section_beats_the_setting_of_all(tmp_path: Path) -> None:
    found = settings(tmp_path, '[b]\nprecision = "INT8"\ndevices = "1,2"\n', precision="bf16", api_key="secret")
    check_sections(found)
    a, b = (settings_of(found, name) for name in found.model_names)
    assert (a.model, a.precision, a.devices) == ("a", "bf16", "auto")
    assert (b.model, b.precision, b.devices, b.api_key) == ("b", "int8", "1,2", found.api_key)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[b]\nprecison = 'int8'", r"no setting for 'precison' in \[b\] of .*models\.toml\. Did you mean precision\?"),
        ("[b]\nprecision = 'int9'", r"\[b\] in .*models\.toml: precision cannot be 'int9'"),
        ("[b]\nport = 1", r"no setting for 'port' in \[b\]"),
        ("precision = 'int8'", r"'precision' stands in no section\. A section of it is \[NAME\]"),
        ("[b", r"models\.toml: "),
    ],
)
def test_a_section_that_cannot_be(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingInvalid, match=words):
        settings_of(settings(tmp_path, text), "b")


def test_a_section_of_no_model(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match=r"section \[c\], and no such model is served\. Served: a, b\."):
        check_sections(settings(tmp_path, "[c]\n"))


def test_a_section_for_a_later_load(tmp_path: Path) -> None:
    found = settings(tmp_path, '[c]\nprecision = "int8"', model_control="explicit")
    check_sections(found)
    assert settings_of(found, "c").precision == "int8"


def test_a_pipeline_is_of_one_model(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match=r"PIPELINE is of one model, and several are served\. Set it in the section"):
        settings_of(load_settings(models="a,b", pipeline=tmp_path), "a")
    own = settings_of(settings(tmp_path, f'[a]\npipeline = "{tmp_path}"'), "a")
    assert own.pipeline == tmp_path

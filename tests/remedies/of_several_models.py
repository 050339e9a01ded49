"""Remedies for the settings of several models, and for a store that is the folder of one."""

from pathlib import Path

from models.model_errors import ModelNotFound, StoreRefused
from server.cli.flags import load_settings
from server.serving.model_settings import check_sections, settings_of
from server.settings import SettingInvalid
from tests.level_model import level_png
from tests.remedies.scenario import Place, Scenario, called, command, one_of, provokes, said, switch

MODELS = "level,resnext_digits"


@provokes(SettingInvalid)
def model_that_is_not_the_first(_place: Place) -> Scenario:
    models = ["resnext_digits"]
    return Scenario(
        lambda: called(lambda: load_settings(models=MODELS, model=models[-1])), lambda words: models.append(one_of(words, "or set MODEL="))
    )


@provokes(SettingInvalid)
def pipeline_for_several_models(place: Place) -> Scenario:
    """It goes into the section of its model."""
    file = place.folder / "models.toml"
    file.write_text("")
    flags: dict[str, object] = {"pipeline": "own.pipeline"}

    def mend(words: str) -> None:
        said(words, "in the section of its model, in the file of MODELS_FILE")
        del flags["pipeline"]
        file.write_text('[level]\npipeline = "own.pipeline"\n')

    return Scenario(lambda: called(lambda: settings_of(load_settings(models=MODELS, models_file=file, **flags), "level")), mend)


@provokes(SettingInvalid)
def section_of_no_served_model(place: Place) -> Scenario:
    file = place.folder / "models.toml"
    file.write_text('[levl]\nprecision = "f32"\n')

    def mend(words: str) -> None:
        file.write_text(file.read_text().replace("levl", one_of(words, "Served:")))

    return Scenario(lambda: called(lambda: check_sections(load_settings(models=MODELS, models_file=file))), mend)


@provokes(SettingInvalid)
def line_outside_of_a_section(place: Place) -> Scenario:
    file = place.folder / "models.toml"
    file.write_text('precision = "f32"\n')

    def mend(words: str) -> None:
        said(words, "A section of it is [NAME] of a model")
        file.write_text(f"[level]\n{file.read_text()}")

    return Scenario(lambda: called(lambda: check_sections(load_settings(models=MODELS, models_file=file))), mend)


@provokes(ModelNotFound)
def another_model_than_that_of_the_folder(place: Place) -> Scenario:
    folder = (place.folder / "store/level").rename(place.folder / "models")
    (place.folder / "a.png").write_bytes(level_png(40))
    settings = {"MODEL": "resnext_digits"}
    return Scenario(
        lambda: command("classify", "a.png", "--model", settings["MODEL"], "--model-store", folder),
        lambda words: switch(settings, words, "MODEL"),
    )


@provokes(StoreRefused)
def removal_from_the_folder_of_one_model(_place: Place) -> Scenario:
    stores = [Path("store/level")]

    def mend(words: str) -> None:
        said(words, "Name the folder around it as --model-store")
        stores.append(stores[0].parent)

    return Scenario(lambda: command("models", "remove", "level", "--yes", "--model-store", stores[-1]), mend)

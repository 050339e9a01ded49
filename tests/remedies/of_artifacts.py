"""Remedies for artifacts that were made for another manifest."""

from models.artifact_facts import provenance_path
from models.model_errors import ArtifactStale
from models.store import sha256_of
from tests.ascend_double.double import store_om_model
from tests.convert.atc.atc_made import install, stored_model
from tests.convert.inspection.models_made import make_om
from tests.level_model import level_png
from tests.remedies.scenario import Place, Scenario, command, do_printed, provokes
from tests.server.cli.command import run

DIGITS = "resnext_digits"


def _edit(place: Place, model: str, old: str, new: str) -> None:
    manifest = place.folder / "store" / model / "manifest.toml"
    before = manifest.read_text()
    assert old in before
    manifest.write_text(before.replace(old, new))


@provokes(ArtifactStale)
def recipe_that_was_edited(place: Place) -> Scenario:
    """`convert cpu` folds the recipe of the manifest in; then the answers are the new recipe's."""
    (place.folder / "a.png").write_bytes(level_png(40))
    run("models", "prepare", DIGITS, "--batch-sizes", "1,2", "--force")
    _edit(place, DIGITS, 'colour_order = "RGB"', 'colour_order = "BGR"')

    def mend(words: str) -> None:
        do_printed(words)
        assert 'colour_order = "BGR"' in run("models", "show", DIGITS).stdout

    return Scenario(lambda: command("classify", "a.png", "--model", DIGITS), mend)


@provokes(ArtifactStale)
def version_that_was_edited(place: Place) -> Scenario:
    (place.folder / "a.png").write_bytes(level_png(40))
    _edit(place, DIGITS, 'version = "1"', 'version = "mine"')
    return Scenario(lambda: command("classify", "a.png", "--model", DIGITS), do_printed)


@provokes(ArtifactStale)
def size_that_was_edited(place: Place) -> Scenario:
    """The network does not take it, so the whole model is made again."""
    (place.folder / "a.png").write_bytes(level_png(40))
    _edit(place, DIGITS, "resize_width_px = 32\nresize_height_px = 32", "resize_width_px = 64\nresize_height_px = 64")
    return Scenario(lambda: command("classify", "a.png", "--model", DIGITS), do_printed)


@provokes(ArtifactStale)
def recipe_of_an_om_that_was_edited(place: Place) -> Scenario:
    """One command compiles it again, although the file for the CPU has the former recipe, too. By the stand-in of ATC."""
    stored_model(place.folder / "store")
    atc = install(place.folder / "cann/bin/atc", place.folder / "calls")
    path = {"PATH": f"{atc.program.parent}:/usr/bin", **atc.environment}
    run("convert", "atc", "means", "--batch-sizes", "1,2", **path)
    _edit(place, "means", 'colour_order = "RGB"', 'colour_order = "BGR"')
    use = ("models", "classifier-config", "means", "--soc", "Ascend310")
    return Scenario(lambda: command(*use), lambda words: do_printed(words, environment=path))


@provokes(ArtifactStale)
def om_without_provenance(place: Place) -> Scenario:
    """It came by hand: only a person knows what it takes."""
    model = store_om_model(place.folder / "other")
    provenance_path(model.folder / "level.om").unlink()
    make_om(model.folder / "level.om")
    manifest = model.folder / "manifest.toml"
    manifest.write_text(manifest.read_text().replace(model.manifest.artifacts[1].sha256, sha256_of(model.folder / "level.om")))
    use = ("models", "classifier-config", "level", "--soc", "Ascend310", "--model-store", "other")
    return Scenario(lambda: command(*use), lambda words: do_printed(words, TYPE="logit"))

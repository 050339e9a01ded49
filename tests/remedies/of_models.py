"""Remedies for models, their files and the store."""

import json

import onnx

from convert.conversion_errors import AippInvalid, AtcFailed, AtcMissing, OmInvalid, WeightsMissing
from models.model_errors import (
    ArtifactDamaged,
    ManifestInvalid,
    ModelNotFound,
    ModelNotPrepared,
    StoreRefused,
)
from models.store import sha256_of
from server.images.file_errors import GoldenUnfit
from tests.convert.atc.atc_made import install, stored_model
from tests.convert.checkpoint_made import trained_weights, write_torch_legacy
from tests.level_model import level_png
from tests.remedies.scenario import Place, Refusal, Scenario, after, command, do_printed, one_of, provokes, said
from tests.server.cli.command import run

DIGITS = "resnext_digits"
SMALL = "resnext_1-1_4x4d"


@provokes(ModelNotPrepared)
def model_of_the_zoo(place: Place) -> Scenario:
    """Settings name another store than the default one: the command that is printed must, too."""
    (place.folder / "a.png").write_bytes(level_png(40))
    other = {"MODEL_STORE": "another store"}
    return Scenario(lambda: command("classify", "a.png", "--model", DIGITS, **other), do_printed)


@provokes(ModelNotPrepared)
def model_of_the_zoo_without_weights(place: Place) -> Scenario:
    """`import` with a checkpoint of its architecture is printed, and mends; it is tried with a small network of that name."""
    checkpoint = write_torch_legacy(place.folder / "mine.pth", trained_weights(SMALL, 5))

    def mend(words: str) -> None:
        first = words.partition(" Or, ")[0]
        do_printed(first.rstrip("."), FILE=checkpoint, TRANSFORM="training")

    return Scenario(lambda: command("convert", "cpu", "resnext101_32x4d", "-o", "x.onnx"), mend)


@provokes(WeightsMissing)
def weights_that_nobody_has(_place: Place) -> Scenario:
    attempts = [("models", "prepare", "resnext50_32x4d")]

    def mend(words: str) -> None:
        do_printed(words)
        attempts[:] = [("convert", "inspect", "resnext50_32x4d")]

    return Scenario(lambda: command(*attempts[0]), mend)


@provokes(ModelNotFound)
def model_with_a_wrong_name(place: Place) -> Scenario:
    (place.folder / "a.png").write_bytes(level_png(40))
    names = ["levle"]

    def mend(words: str) -> None:
        known = words.partition("Known models: ")[2].split(", ")
        names.append(next(name for name in known if sorted(name) == sorted("levle")))

    return Scenario(lambda: command("classify", "a.png", "--model", names[-1]), mend)


def _cut(place: Place, name: str) -> None:
    artifact = next((place.folder / "store" / name).glob("*.onnx"))
    artifact.write_bytes(artifact.read_bytes()[:-1])


@provokes(ArtifactDamaged)
def prepared_model_that_is_damaged(place: Place) -> Scenario:
    _cut(place, DIGITS)
    (place.folder / "a.png").write_bytes(level_png(40))
    return Scenario(lambda: command("classify", "a.png", "--model", DIGITS), do_printed)


@provokes(ArtifactDamaged)
def imported_model_that_is_damaged(place: Place) -> Scenario:
    """With what the user said at its import: the recipe, the labels, the version and the golden image stay."""
    write_torch_legacy(place.folder / "my weights.pth", trained_weights(SMALL, 5))
    (place.folder / "five.txt").write_text("a\nb\nc\nd\ne\n")
    (place.folder / "a.png").write_bytes(level_png(40))
    wishes = ("--image-size", 64, "--transform", "timm", "--mean", "120", "--std", "60", "--labels", "five.txt", "--version", "mine")
    run("convert", "import", "my weights.pth", "five", *wishes)
    run("models", "golden", "five", "a.png")
    before = run("models", "show", "five").stdout
    _cut(place, "five")

    def attempt() -> Refusal | None:
        return command("convert", "cpu", "five", "-o", "x.onnx")

    def mend(words: str) -> None:
        do_printed(words)
        assert run("models", "show", "five").stdout == before

    return Scenario(attempt, mend)


@provokes(ArtifactDamaged)
def model_by_hand_that_is_damaged(place: Place) -> Scenario:
    stored_model(place.folder / "store")
    run("convert", "cpu", "means", "--plain", "-o", "plain.onnx")
    _cut(place, "means")
    return Scenario(lambda: command("convert", "cpu", "means", "-o", "x.onnx"), lambda words: do_printed(words, FILE="plain.onnx"))


@provokes(ManifestInvalid)
def manifest_with_a_wrong_field(place: Place) -> Scenario:
    manifest = place.folder / "store/level/manifest.toml"
    right = manifest.read_text()
    manifest.write_text(right.replace("classes = 64", 'classes = "many"'))

    def mend(words: str) -> None:
        said(words, "classes", "Correct that field")
        manifest.write_text(right)

    (place.folder / "a.png").write_bytes(level_png(40))
    return Scenario(lambda: command("classify", "a.png", "--model", "level"), mend)


@provokes(StoreRefused)
def folder_that_is_missing(place: Place) -> Scenario:
    def mend(words: str) -> None:
        said(words, "Make sure that its folder exists")
        (place.folder / "none").mkdir()

    return Scenario(lambda: command("convert", "aipp", DIGITS, "-o", "none/aipp.config"), mend)


@provokes(GoldenUnfit)
def golden_photo_of_another_class(place: Place) -> Scenario:
    for level in (40, 80):
        (place.folder / f"{level}.png").write_bytes(level_png(level))
    photos = ["40.png"]
    return Scenario(
        lambda: command("models", "golden", "level", photos[-1], "--class-id", 20),
        after("Take another photo", do=lambda: photos.append("80.png")),
    )


@provokes(AippInvalid)
def aipp_config_that_differs(place: Place) -> Scenario:
    run("convert", "aipp", DIGITS, "-o", "aipp.config")
    config = place.folder / "aipp.config"
    config.write_text(config.read_text().replace("var_reci_chn_0", "# var_reci_chn_0", 1))
    return Scenario(
        lambda: command("convert", "aipp", DIGITS, "--check", "aipp.config"),
        lambda words: do_printed(words, NAME=DIGITS, FILE="aipp.config"),
    )


@provokes(AtcFailed)
def chip_with_a_wrong_name(place: Place) -> Scenario:
    stored_model(place.folder / "store")
    chips = ["Ascend-310"]
    return Scenario(
        lambda: command("convert", "atc", "means", "--dry-run", "--soc", chips[-1]),
        lambda words: chips.append(one_of(words, "Did you mean").rstrip("?")),
    )


@provokes(AtcMissing)
def machine_without_atc(place: Place) -> Scenario:
    """The stand-in stands at the place that --atc names."""
    stored_model(place.folder / "store")
    program = install(place.folder / "cann/bin/atc", place.folder / "calls")
    options: list[object] = []
    return Scenario(
        lambda: command("convert", "atc", "means", *options, PATH="/usr/bin", **program.environment),
        after("--atc PATH", do=lambda: options.extend(("--atc", program.program))),
    )


@provokes(OmInvalid)
def om_that_is_cut_off(place: Place) -> Scenario:
    """By the stand-in of ATC, found as CANN's set_env.sh leaves it."""
    stored_model(place.folder / "store")
    atc = install(place.folder / "cann/bin/atc", place.folder / "calls")
    path = {"PATH": f"{atc.program.parent}:/usr/bin", **atc.environment}
    run("convert", "atc", "means", **path)
    om = next((place.folder / "store/means").glob("*.om"))
    om.write_bytes(om.read_bytes()[:-1])

    def attempt() -> Refusal | None:
        told = json.loads(run("convert", "inspect", "means", "--json").stdout)
        wrong = [each for part in told["parts"] for each in part["findings"] if not each["fits"]]
        return Refusal(OmInvalid.code, wrong[0]["remedy"]) if wrong else None

    return Scenario(attempt, lambda words: do_printed(words, environment=path))


@provokes(ArtifactDamaged)
def weights_in_side_files(place: Place) -> Scenario:
    """`models renew` puts them into the one file."""
    model = stored_model(place.folder / "store")
    path = model.folder / model.manifest.artifacts[0].file
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    manifest = model.folder / "manifest.toml"
    manifest.write_text(manifest.read_text().replace(model.manifest.artifacts[0].sha256, sha256_of(path)))
    return Scenario(lambda: command("convert", "cpu", "means", "-o", "x.onnx"), do_printed)

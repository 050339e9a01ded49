"""Remedies for imports: checkpoints, ONNX exports and their recipes."""

import shlex
from collections.abc import Callable

from convert.conversion_errors import CheckpointRefused, ConvertError
from tests.convert.checkpoint_made import trained_weights, write_torch_legacy
from tests.convert.exports.exports_made import Export, step
from tests.convert.inspection.models_made import save_safetensors
from tests.convert.preprocessing.red_network import flat_png, red_network
from tests.remedies.scenario import Place, Refusal, Scenario, after, command, one_of, provokes, said
from tests.server.cli.command import run

SMALL = "resnext_1-1_4x4d"


@provokes(ConvertError)
def transform_with_a_wrong_name(place: Place) -> Scenario:
    write_torch_legacy(place.folder / "mine.pth", trained_weights(SMALL, 5))
    names = ["imagenet"]
    return Scenario(
        lambda: command("convert", "import", "mine.pth", "five", "--image-size", 64, "--transform", names[-1]),
        lambda words: names.append(one_of(words, "Known:")),
    )


def _unsaid_recipe(place: Place) -> tuple[list[str], Callable[[], Refusal | None]]:
    write_torch_legacy(place.folder / "mine.pth", trained_weights(SMALL, 5))
    options: list[str] = []
    return options, lambda: command("convert", "import", "mine.pth", "five", *options)


@provokes(ConvertError)
def recipe_that_nothing_says(place: Place) -> Scenario:
    options, attempt = _unsaid_recipe(place)
    return Scenario(attempt, lambda words: options.append(f"--{one_of(words, 'add --')}"))


@provokes(ConvertError)
def recipe_that_is_said(place: Place) -> Scenario:
    """The options that are printed are whole."""
    options, attempt = _unsaid_recipe(place)
    return Scenario(attempt, lambda words: options.extend(words.partition("with the right values: ")[2].split()))


@provokes(ConvertError)
def numbers_of_unknown_pixels(place: Place) -> Scenario:
    options, attempt = _unsaid_recipe(place)
    options += ["--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225"]
    options += ["--resize", "short:256", "--crop", "224", "--colour-order", "RGB"]
    return Scenario(attempt, lambda words: options.extend(words.partition("of 0-1 add ")[2].partition(",")[0].split()))


@provokes(ConvertError)
def answer_that_is_not_expected(place: Place) -> Scenario:
    """A model whose classes are levels of red; the mistake that is named is the one that was made."""
    (place.folder / "net.onnx").write_bytes(red_network().SerializeToString())
    (place.folder / "red.png").write_bytes(flat_png((0, 0, 200)))
    said = ["--resize", "stretch", "--scale", "1", "--colour-order", "BGR"]

    def mend(words: str) -> None:
        said[-2:] = words.partition("is RGB: ")[2].split()

    return Scenario(lambda: command("convert", "import", "net.onnx", "red", *said, "--expect", "red.png=50"), mend)


@provokes(ConvertError)
def export_of_the_best_class(place: Place) -> Scenario:
    """The value before the ArgMax is printed as an option."""
    Export(after=(step("ArgMax", axis=1),)).write(place.folder / "net.onnx")
    options: list[str] = []
    return Scenario(
        lambda: command("convert", "import", "net.onnx", "mine", "--yes", *options),
        lambda words: options.extend(shlex.split(words[words.index("--output") :].rstrip("."))),
    )


@provokes(CheckpointRefused)
def export_without_its_weights(place: Place) -> Scenario:
    Export().write(place.folder / "net.onnx", beside=True)
    data = place.folder / "net.onnx.data"
    data.rename(place.folder / "elsewhere")
    return Scenario(
        lambda: command("convert", "import", "net.onnx", "mine", "--yes"),
        after("Put the file there", do=lambda: (place.folder / "elsewhere").rename(data)),
    )


@provokes(ConvertError)
def model_of_that_name(place: Place) -> Scenario:
    for seed, name in enumerate(("a.pth", "b.pth")):
        write_torch_legacy(place.folder / name, trained_weights(SMALL, 5, seed))
    run("convert", "import", "a.pth", "five", "--image-size", 64, "--yes")
    options: list[str] = []
    return Scenario(
        lambda: command("convert", "import", "b.pth", "five", "--image-size", 64, "--yes", *options),
        lambda words: options.append(f"--{one_of(words, 'Use --')}"),
    )


@provokes(CheckpointRefused)
def checkpoint_with_an_object(place: Place) -> Scenario:
    (place.folder / "mine.pth").write_bytes(b"\x80\x02cos\nsystem\nU\x04true\x85R.")

    def mend(words: str) -> None:
        said(words, "safetensors")
        save_safetensors(place.folder / "mine.pth", trained_weights(SMALL, 5))

    return Scenario(lambda: command("convert", "import", "mine.pth", "five", "--image-size", 64, "--yes"), mend)

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from models.manifest import CPU, FORMER_CPU, Artifact, ModelManifest, Precision, Recipe, Weights
from models.model_errors import ManifestInvalid
from models.store import ZOO, zoo_manifest
from tests.made_model import quantisation_of

PRECISIONS: tuple[Precision, ...] = ("f32", "bf16", "int8")

HASH = "0123456789abcdef" * 4
STRETCH = Recipe(resize_width_px=224, resize_height_px=224, mean=(0, 0, 0), std=(1, 1, 1))
CROPPED = STRETCH.model_copy(update={"resize_width_px": 320, "resize_height_px": 256, "crop_width_px": 240, "crop_height_px": 224})
SHORT_SIDE = Recipe(
    resize="short_side", resize_width_px=256, resize_height_px=256, crop_width_px=224, crop_height_px=192, mean=(0, 0, 0), std=(1, 1, 1)
)

CALIBRATION = f"""[calibration]
temperature = 1.5
ece_before = 0.1
ece_after = 0.0
images = 9
evaluation = "a"
list_sha256 = "{HASH}"
artifact_sha256 = "{HASH}"
recipe_sha256 = "{HASH}"
labels_sha256 = "{HASH}"
[calibration.thresholds]
"""

sides = st.integers(32, 4096)
hashes = st.text("0123456789abcdef", min_size=64, max_size=64)
numbers = st.floats(-1e6, 1e6)
recipes = st.builds(
    Recipe,
    resize_width_px=sides,
    resize_height_px=sides,
    colour_order=st.sampled_from(["RGB", "BGR"]),
    mean=st.tuples(numbers, numbers, numbers),
    std=st.tuples(*[st.floats(1e-3, 1e6)] * 3),
    trained_with=st.text(max_size=20),
)
batch_sizes = st.sets(st.integers(1, 512), min_size=1, max_size=5).map(lambda sizes: tuple(sorted(sizes)))
socs = st.text(max_size=10).filter(lambda soc: soc != FORMER_CPU)
artifacts = st.builds(Artifact, file=st.just("a.onnx"), sha256=hashes, soc=socs, batch_sizes=batch_sizes)
manifests = st.builds(
    ModelManifest,
    name=st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,63}", fullmatch=True),
    version=st.text(max_size=10),
    description=st.text(max_size=50),
    architecture=st.text(max_size=20),
    classes=st.integers(2, 2000),
    labels=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", fullmatch=True),
    labels_sha256=hashes,
    recipe=recipes,
    weights=st.none() | st.builds(Weights, package=st.text(), file=st.text(), sha256=hashes, licence=st.text()),
    artifacts=st.lists(artifacts, max_size=3).map(tuple),
)


def zoo_text(**changes: str) -> str:
    text = (ZOO / "resnext101_32x4d.toml").read_text("utf-8")
    for key, value in changes.items():
        head, _, rest = text.partition(f"\n{key} = ")
        text = f"{head}\n{key} = {value}\n{rest.partition(chr(10))[2]}"
    return text


@settings(deadline=None)
@given(manifest=manifests)
def test_written_and_read_again(tmp_path_factory: pytest.TempPathFactory, manifest: ModelManifest) -> None:
    path = tmp_path_factory.getbasetemp() / "manifest.toml"
    manifest.write(path)
    assert ModelManifest.read(path) == manifest
    assert not [*path.parent.glob(".unfinished-*")]


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("schema_version", {"schema_version": "2"}),
        ("name", {"name": '"Upper/../case"'}),
        ("version", {"version": "1"}),
        ("classes", {"classes": "2001"}),
        ("labels", {"labels": '"../imagenet.names"'}),
        ("labels_sha256", {"labels_sha256": '"abc"'}),
        ("recipe.resize", {"resize": '"bicubic"'}),
        ("recipe.resize_width_px", {"resize_width_px": "31"}),
        ("recipe.mean", {"mean": "[1.0, 2.0]"}),
        ("recipe.mean.1", {"mean": "[1.0, nan, 2.0]"}),
        ("recipe.std.2", {"std": "[1.0, 2.0, inf]"}),
        ("recipe.colour_order", {"colour_order": '"YUV"'}),
        ("recipe.color_order", {"trained_with": '""\ncolor_order = "RGB"'}),
        ("recipe: std must be positive", {"std": "[1.0, 0.0, 1.0]"}),
        ("recipe: the crop is larger", {"crop_width_px": "257"}),
        ("recipe: short_side needs", {"resize": '"short_side"', "resize_width_px": "320"}),
        ("artifacts.0: batch_sizes", {"trained_with": f'""\n[[artifacts]]\nfile = "a.onnx"\nsha256 = "{HASH}"\nbatch_sizes = [4, 2]'}),
        ("artifacts.0: batch_sizes", {"trained_with": f'""\n[[artifacts]]\nfile = "a.onnx"\nsha256 = "{HASH}"\nbatch_sizes = []'}),
        ("calibration.temperature", {"trained_with": '""\n[calibration]\ntemperature = 0.0'}),
        ("calibration.thresholds.1.5", {"trained_with": f'""\n{CALIBRATION}"1.5" = 0.5'}),
        ("calibration.thresholds.0.5", {"trained_with": f'""\n{CALIBRATION}"0.5" = 1.5'}),
        ("artifacts.0.file", {"trained_with": f'""\n[[artifacts]]\nfile = "/etc/passwd"\nsha256 = "{HASH}"'}),
    ],
)
def test_the_message_names_the_field(tmp_path: Path, field: str, changes: dict[str, str]) -> None:
    path = tmp_path / "manifest.toml"
    path.write_text(zoo_text(**changes), "utf-8")
    with pytest.raises(ManifestInvalid) as caught:
        ModelManifest.read(path)
    assert caught.value.message.startswith(f"{path}: {field}")


def test_a_crop_needs_both_sides(tmp_path: Path) -> None:
    path = tmp_path / "manifest.toml"
    path.write_text(zoo_text().replace("crop_width_px = 224\n", ""), "utf-8")
    with pytest.raises(ManifestInvalid, match="recipe: crop_width_px and crop_height_px must both be set or both be left out"):
        ModelManifest.read(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"name", b"\xff\xfe", b"a = " + b"9" * 5000, b"a = " + b"[" * 5000],
    ids=["empty", "not TOML", "not UTF-8", "a huge number", "deep nesting"],
)
def test_unreadable_text(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "manifest.toml"
    path.write_bytes(content)
    with pytest.raises(ManifestInvalid) as caught:
        ModelManifest.read(path)
    assert caught.value.message.startswith(f"{path}: ")
    assert caught.value.remedy


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match="No such file"):
        ModelManifest.read(tmp_path / "manifest.toml")


@pytest.mark.parametrize(
    ("recipe", "crop", "into_artifact", "into_network"),
    [
        (STRETCH, None, (224, 224), (224, 224)),
        (CROPPED, (240, 224), (320, 256), (240, 224)),
        (SHORT_SIDE, (224, 192), (224, 192), (224, 192)),
    ],
    ids=["stretch", "stretch and crop", "short side"],
)
def test_geometry(recipe: Recipe, crop: tuple[int, int] | None, into_artifact: tuple[int, int], into_network: tuple[int, int]) -> None:
    assert (recipe.crop_size_px, recipe.input_size_px, recipe.network_size_px) == (crop, into_artifact, into_network)


def test_the_recipe_hash_is_the_one_in_published_reports() -> None:
    recipe = zoo_manifest("efficientnet_lite0").recipe
    assert recipe.sha256 == "f50502cdab1f361aeba1095ab7f82661acac43b86297bb52b71bb946d5f4ac58"


@pytest.mark.parametrize(
    ("change", "changes_pixels"),
    [
        ({"trained_with": "something else"}, False),
        ({"resize_width_px": 256}, True),
        ({"crop_width_px": 200, "crop_height_px": 200}, True),
        ({"colour_order": "BGR"}, True),
        ({"mean": (0.0, 0.0, 1.0)}, True),
        ({"std": (1.0, 1.0, 2.0)}, True),
    ],
)
def test_the_recipe_hash_changes_with_the_pixels_only(change: dict[str, Any], changes_pixels: bool) -> None:
    assert (STRETCH.model_copy(update=change).sha256 != STRETCH.sha256) is changes_pixels


def test_the_artifact_of_a_device() -> None:
    artifacts = (Artifact(file="a.onnx", sha256=HASH), Artifact(file="a.om", sha256=HASH, soc="Ascend310"))
    manifest = zoo_manifest("resnext101_32x4d").model_copy(update={"artifacts": artifacts})
    assert manifest.artifact("cpu") == artifacts[0]
    assert manifest.artifact("Ascend310") == artifacts[1]
    assert manifest.artifact("Ascend910") is None


def test_the_artifact_of_a_precision() -> None:
    f32 = Artifact(file="a.onnx", sha256=HASH)
    int8 = Artifact(file="a.int8.onnx", sha256=HASH, precision="int8", quantisation=quantisation_of(f32))
    chip = Artifact(file="a.om", sha256=HASH, soc="Ascend310", precision="f16")
    manifest = zoo_manifest("resnext101_32x4d").model_copy(update={"artifacts": (int8, f32, chip)})
    assert [manifest.artifact("cpu", precision) for precision in PRECISIONS] == [f32, f32, int8]
    assert [manifest.artifact("Ascend310", precision) for precision in PRECISIONS] == [chip] * 3
    assert [each.computes for each in (f32, int8, chip, chip.model_copy(update={"precision": None}))] == ["f32", "int8", "f16", ""]
    assert [each.target for each in manifest.artifacts] == ["cpu int8", "cpu", "Ascend310"]
    assert not int8.replaces(f32)
    assert chip.replaces(chip.model_copy(update={"precision": "f32"}))
    assert manifest.precision == "f32"


def test_only_an_int8_artifact_has_a_quantisation() -> None:
    with pytest.raises(ValidationError, match="has a quantisation, and no other has"):
        Artifact(file="a.onnx", sha256=HASH, precision="int8")


def test_the_words_of_an_earlier_version(tmp_path: Path) -> None:
    path = tmp_path / "manifest.toml"
    current = zoo_manifest("resnext101_32x4d").model_copy(update={"artifacts": (Artifact(file="a.onnx", sha256=HASH),)})
    current.write(path)
    path.write_text(path.read_text("utf-8").replace(f'soc = "{CPU}"', f'soc = "{FORMER_CPU}"'), "utf-8")
    assert ModelManifest.read(path) == current


@pytest.mark.parametrize(
    ("name", "sha256"),
    [
        ("efficientnet_lite0", "f50502cdab1f361aeba1095ab7f82661acac43b86297bb52b71bb946d5f4ac58"),
        ("resnext101_32x4d", "9649c0dcea01282e4433a6a06ff0a939c208865c09a7a13789af1be134ffe22c"),
    ],
)
def test_the_hash_of_a_recipe_stays(name: str, sha256: str) -> None:
    """Every artifact carries it: a new field at its default must not change it, or all of them were refused."""
    assert zoo_manifest(name).recipe.sha256 == sha256

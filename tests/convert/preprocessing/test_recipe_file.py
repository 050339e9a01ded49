"""Files that say a recipe, found and named; hostile ones end in a refusal, soon."""

import json
import os
from pathlib import Path

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convert.conversion_errors import ConvertError
from convert.preprocessing.recipe_file import MAX_BYTES, read_recipe, recipe_beside
from convert.preprocessing.recipe_words import PARTS
from convert.preprocessing.said_recipe import Normalisation, Resize, SaidRecipe
from convert.preprocessing.settled_recipe import settle
from models.manifest import ModelManifest
from models.store import zoo_manifest, zoo_manifest_path

OWN = """
mean = [0.485, 0.456, 0.406]
std = [0.229, 0.224, 0.225]
scale = "1/255"
colour_order = "BGR"
resize = "short:256"
crop = "224"
layout = "NCHW"
interpolation = "cubic"
"""
CFG = {"input_size": [3, 224, 224], "crop_pct": 0.875, "mean": [0.5], "std": [0.5], "interpolation": "bicubic"}
VIT = {"image_processor_type": "ViTImageProcessor", "size": 224, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}


def test_a_recipe_of_our_own(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(OWN)
    said = read_recipe(tmp_path / "recipe.toml")
    assert (said.resize, said.crop_px, said.colour_order) == (Resize("short_side", (256, 256)), (224, 224), "BGR")
    assert said.normalisation == Normalisation((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
    assert (said.interpolation, said.layout, said.sources) == ("cubic", "NCHW", ("recipe.toml",))
    (tmp_path / "recipe.toml").write_text("crop = 64\nmean = 127.5\nstd = '127.5'\nscale = 1")
    said = read_recipe(tmp_path / "recipe.toml")
    assert (said.crop_px, said.normalisation) == ((64, 64), Normalisation((127.5,) * 3, (127.5,) * 3))


@pytest.mark.parametrize("name", ["efficientnet_lite0", "resnext101_32x4d"])
def test_a_manifest_gives_its_own_recipe_again(name: str) -> None:
    recipe = zoo_manifest(name).recipe
    assert settle(read_recipe(zoo_manifest_path(name)), SaidRecipe(), recipe.network_size_px).recipe == recipe


def test_the_table_of_the_recipe_may_stand_alone(tmp_path: Path) -> None:
    recipe = zoo_manifest("resnext101_32x4d").recipe
    (tmp_path / "recipe.toml").write_text(tomli_w.dumps({"recipe": recipe.model_dump(exclude_none=True)}))
    assert settle(read_recipe(tmp_path / "recipe.toml"), SaidRecipe(), (224, 224)).recipe == recipe


TABLE = "[recipe]\nresize_width_px = 64\nresize_height_px = 64\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mean = ", "cannot be read as a recipe"),
        ("colour = 'RGB'", r"has the key 'colour'. Its keys are colour_order, crop.* or it has a table \[recipe\]"),
        ("colour_order = 'GBR'", "colour_order cannot be 'GBR'"),
        ("mean = [1, 2]\nstd = 1", "mean cannot be '1,2'"),
        ("mean = 0.5\nstd = 0.5", 'can be meant for pixels of 0-1 .*add scale = "1/255"'),
        ("mean = 127", 'mean is said, but not std. .*add: std = "1"'),
        ("scale = 0", "scale cannot be '0'"),
        ("scale = true", "scale is neither words nor numbers"),
        ("resize = 'pad'", "the engines cannot"),
        ("crop = 9", "crop cannot be '9'"),
        ("crop = ['a']", "crop is neither words nor numbers"),
        ("crop = {width = 224, height = 224}", 'crop is neither words nor numbers. Write it like this: crop = "224"'),
        ("mean = [true]\nstd = 1", 'mean is neither words nor numbers. Write it like this: mean = "123.675,116.28,103.53"'),
        ("resize = {short = 256}", 'Write it like this: resize = "short:256"'),
        ("mean = []\nstd = []", "mean is empty. Write it like this: mean = "),
        ("colour_order = ''", 'colour_order is empty. Write it like this: colour_order = "RGB"'),
        (f"scale = '1/255'\n{TABLE}mean = [124, 116, 104]\nstd = [58, 57, 57]", r"has the key 'scale' beside the table \[recipe\]"),
        (f"{TABLE}mean = [124, 116, 104]\nstd = [58, 57, 57]\n[other]", "has the key 'other' beside the table"),
        (f"{TABLE}mean = [0.485, 0.456, 0.406]\nstd = [0.2, 0.2, 0.2]\n[weights]", "are those of pixels of 0-1. Multiply them by 255"),
        ("[recipe]\nmean = 1", "resize_width_px: Field required"),
        (f"{TABLE}mean = [0, 0, 0]\nstd = [0, 1, 1]", "std must be positive"),
        (f"{TABLE}mean = [0.485, 0.456, 0.406]\nstd = [0.229, 0.224, 0.225]", "are those of pixels of 0-1. Multiply them by 255"),
    ],
)
def test_faults_of_a_recipe(tmp_path: Path, text: str, message: str) -> None:
    """Each names the file, and no option but that of the file: not all commands that read it have others."""
    (tmp_path / "recipe.toml").write_text(text)
    with pytest.raises(ConvertError, match=rf"recipe\.toml .*{message}") as refused:
        read_recipe(tmp_path / "recipe.toml")
    assert "--" not in str(refused.value).replace("--recipe recipe.toml", "")


@pytest.mark.parametrize("key", PARTS)
def test_a_key_is_told_as_it_is_written(tmp_path: Path, key: str) -> None:
    """What the remedy shows is taken."""
    (tmp_path / "recipe.toml").write_text(f"{key} = {{}}")
    with pytest.raises(ConvertError, match=f'Write it like this: {key} = "[^"]+"$') as refused:
        read_recipe(tmp_path / "recipe.toml")
    other = {"mean": "\nstd = 50", "std": "\nmean = 100"}.get(key, "")
    (tmp_path / "recipe.toml").write_text(str(refused.value).rpartition("like this: ")[2] + other)
    assert read_recipe(tmp_path / "recipe.toml") != SaidRecipe()


def test_faults_of_a_file_of_others(tmp_path: Path) -> None:
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({**VIT, "do_rescale": False}))
    with pytest.raises(
        ConvertError, match=r"^preprocessor_config\.json does not tell the recipe: .* of 0-1 or of 0-255\. Say it in a recipe"
    ):
        read_recipe(tmp_path / "preprocessor_config.json")


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"image_mean": ' + b"9" * 100_000 + b"}",
        b'{"image_mean": [NaN], "image_std": [1]}',
        b'{"image_mean": [1], "image_mean": [2]}',
        b'{"pretrained_cfg": {"input_size": [3, 1e999, 224], "crop_pct": 1}}',
        b" " * (MAX_BYTES + 1),
        b"\xff\xfe\x00",
        b"[1]",
        b"{}",
        b'{"architectures": ["ResNetForImageClassification"]}',
        b"",
    ],
)
@pytest.mark.parametrize("ending", ["json", "toml"])
def test_hostile_files_are_refused(tmp_path: Path, content: bytes, ending: str) -> None:
    (tmp_path / f"recipe.{ending}").write_bytes(content)
    if (content, ending) == (b"", "toml"):  # it says nothing, and the import asks for all of it
        assert read_recipe(tmp_path / "recipe.toml").missing == SaidRecipe().missing
        return
    with pytest.raises(ConvertError) as refused:
        read_recipe(tmp_path / f"recipe.{ending}")
    assert len(str(refused.value)) < 1000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(sorted({*CFG, *VIT, "pretrained_cfg"})),
        st.recursive(
            st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(sorted({*CFG, *VIT})), inner, max_size=3),
            max_leaves=6,
        ),
    )
)
def test_any_json_is_a_recipe_or_is_refused(tmp_path: Path, content: dict[str, object]) -> None:
    (tmp_path / "config.json").write_text(json.dumps(content))
    try:
        said = read_recipe(tmp_path / "config.json")
    except ConvertError:
        return
    assert said.sources == ("config.json",)
    assert said.missing == ()


def test_what_is_not_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.json")
    for name in ("fifo.json", "missing.toml", "."):
        with pytest.raises(ConvertError, match="does not exist or is not a file"):
            read_recipe(tmp_path / name)


def test_the_files_beside_the_weights(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    assert recipe_beside(weights, None) == SaidRecipe()
    (tmp_path / "config.json").write_text('{"architectures": ["ViT"]}')
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(VIT))
    assert recipe_beside(weights, None).sources == ("preprocessor_config.json",)
    (tmp_path / "config.json").write_text(json.dumps(CFG))
    with pytest.raises(
        ConvertError, match=r"preprocessor_config.json and config.json beside model.safetensors differ in the resize.*--recipe "
    ):
        recipe_beside(weights, None)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ConvertError, match=r"config.json cannot be read as a recipe"):
        recipe_beside(weights, None)


def test_a_manifest_beside_the_weights_is_not_one_of_them(tmp_path: Path) -> None:
    zoo_manifest("efficientnet_lite0").write(tmp_path / "manifest.toml")
    assert ModelManifest.read(tmp_path / "manifest.toml")
    assert recipe_beside(tmp_path / "net.onnx", None) == SaidRecipe()

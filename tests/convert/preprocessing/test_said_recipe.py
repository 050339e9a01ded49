from dataclasses import replace

from convert.preprocessing.said_recipe import Normalisation, Resize, SaidRecipe

NUMBERS = Normalisation((1, 2, 3), (4, 5, 6))
FILE = SaidRecipe(Resize("short_side", (256, 256)), (224, 224), "RGB", NUMBERS, "bicubic", sources=("config.json",), name="timm")


def test_nothing_said_leaves_the_other() -> None:
    assert SaidRecipe().over(FILE) == FILE
    assert SaidRecipe(layout="NCHW").over(FILE) == replace(FILE, layout="NCHW")
    assert SaidRecipe().missing == ("resize", "colour_order", "normalisation")


def test_a_part_goes_first_and_the_rest_is_kept() -> None:
    said = SaidRecipe(colour_order="BGR", sources=("the options",)).over(FILE)
    assert said == replace(FILE, colour_order="BGR", sources=("the options", "config.json"), name="")


def test_a_resize_brings_its_own_crop_and_interpolation() -> None:
    said = SaidRecipe(resize=Resize("stretch", (64, 64))).over(FILE)
    assert (said.crop_px, said.interpolation, said.normalisation) == (None, None, NUMBERS)


def test_one_that_says_all_names_no_other_source() -> None:
    whole = replace(FILE, sources=("the options",), name="")
    assert whole.over(replace(FILE, sources=("recipe.toml",))) == whole


def test_the_size_of_the_network() -> None:
    assert FILE.network_size_px == (224, 224)
    assert replace(FILE, crop_px=None).network_size_px is None
    assert SaidRecipe(Resize("stretch", (64, 48))).network_size_px == (64, 48)
    assert SaidRecipe(Resize("stretch", (64, 48)), (32, 32)).network_size_px == (32, 32)
    assert SaidRecipe(Resize("stretch")).network_size_px is SaidRecipe().network_size_px is None

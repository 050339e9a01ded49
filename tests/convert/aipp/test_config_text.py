from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.aipp import AippConfig, AippSource, aipp_of, parse_aipp, read_aipp, render_aipp
from convert.conversion_errors import AippInvalid
from models.manifest import Recipe
from models.store import zoo_manifest
from tests.convert.aipp.recipes import manifest_of, recipes

RESNEXT = zoo_manifest("resnext101_32x4d")
TEXT = render_aipp(aipp_of(RESNEXT, "yuv420sp"), RESNEXT)
SMALLEST = "aipp_op{aipp_mode:static input_format:RGB888_U8}"


def test_the_first_line_tells_where_it_comes_from() -> None:
    assert TEXT.splitlines()[0] == f"# Rendered from resnext101_32x4d, recipe {RESNEXT.recipe.sha256}."


def test_the_numbers_are_written_out() -> None:
    lines = [line.strip() for line in TEXT.splitlines()]
    for line in ("min_chn_1 : 116.28", "var_reci_chn_0 : 0.0171247538316637", "rbuv_swap_switch : false", "matrix_r1c2 : -183"):
        assert line in lines


@given(recipes())
def test_what_is_rendered_is_read_back(recipe: Recipe) -> None:
    config = aipp_of(manifest_of(recipe), "rgb888")
    assert parse_aipp(render_aipp(config)) == config


def any_config() -> st.SearchStrategy[AippConfig]:
    floats, bytes_ = st.floats(0, 255), st.integers(0, 255)
    keys = {
        "csc_switch": st.booleans(),
        "rbuv_swap_switch": st.booleans(),
        "ax_swap_switch": st.booleans(),
        "padding": st.just(value=False),
        "matrix_r2c1": st.integers(-32768, 32767),
        "output_bias_1": bytes_,
        "mean_chn_3": bytes_,
        "min_chn_2": floats,
        "var_reci_chn_3": st.floats(-65504, 65504),
        "left_padding_size": st.integers(0, 32),
        "padding_value": st.floats(-1, 1),
        "related_input_rank": st.integers(0, 3),
    }
    return st.builds(AippConfig, input_format=st.sampled_from(["XRGB8888_U8", "RGB888_U8", "YUV420SP_U8"]), **keys)


@given(any_config())
def test_any_configuration_is_read_back(config: AippConfig) -> None:
    assert parse_aipp(render_aipp(config)) == config


@pytest.mark.parametrize(
    "text",
    [
        SMALLEST,
        "\r\n aipp_op : {\r\n\taipp_mode :static # { not a brace\r\n input_format: 3 }\r\n# the end",
        "aipp_op { input_format : RGB888_U8 aipp_mode : 1 crop : 0 mean_chn_0 : 0x00 var_reci_chn_0 : 1.f min_chn_0: 0e0 }",
    ],
)
def test_spacing_comments_and_spelling_are_free(text: str) -> None:
    assert parse_aipp(text) == AippConfig(input_format="RGB888_U8")


def block(lines: str) -> str:
    return f"aipp_op {{\naipp_mode : static\ninput_format : RGB888_U8\n{lines}\n}}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: no aipp_op"),
        ("# nothing\n", "line 2: no aipp_op"),
        ("\naipp_op {\naipp_mode : static\n", r"line 4: the '}' of aipp_op is missing"),
        ("aipp_op aipp_mode", "line 1: expected '{', found 'aipp_mode'"),
        (SMALLEST + "\n}", "line 2: expected 'aipp_op', found '}'"),
        ("aipp_op {\ninput_format : RGB888_U8 }", "line 1: aipp_op lacks aipp_mode"),
        ("aipp_op {\naipp_mode : static }", "line 1: input_format: Field required"),
        ("aipp_op {\naipp_mode : dynamic\nmax_src_image_size : 9 }", "line 2: dynamic AIPP takes its parameters"),
        ("aipp_op { aipp_mode : static\ninput_format : NV12 }", "line 2: input_format: Input should be 'YUV420SP_U8'"),
        (block("mean_ch_0 : 1"), "line 4: 'mean_ch_0' is not a key of static AIPP"),
        (block("mean_chn_0 : 1\nmean_chn_0 : 1"), "line 5: mean_chn_0 is already in line 4"),
        (block("mean_chn_0 : 123.675"), "line 4: mean_chn_0 must be a whole number, not '123.675'"),
        (block("mean_chn_0 : 010"), "line 4: mean_chn_0 must be a whole number, not '010'"),
        (block("mean_chn_0 : 256"), "line 4: mean_chn_0: Input should be less than or equal to 255"),
        (block("min_chn_0 : -1"), "line 4: min_chn_0: Input should be greater"),
        (block("min_chn_0 : nan"), "line 4: min_chn_0 must be a number, not 'nan'"),
        (block("min_chn_0 : 1,"), "line 4: min_chn_0 must be a number, not '1,'"),
        (block("var_reci_chn_0 : 1e999"), "line 4: var_reci_chn_0: Input should be a finite number"),
        (block("var_reci_chn_0 : 65505"), "line 4: var_reci_chn_0: Input should be less"),
        (block("crop : yes"), "line 4: crop must be true or false, not 'yes'"),
        (block("crop = true"), "line 4: expected ':', found '='"),
        (block("crop : true"), "line 1: src_image_size_w and src_image_size_h must be given"),
        (
            block("crop : true src_image_size_w : 256 src_image_size_h : 256 load_start_pos_h : 33 crop_size_h : 224"),
            "line 1: load_start_pos_h 33 . crop_size_h 224 reach beyond",
        ),
        (block("src_image_size_w : 1"), "src_image_size_w must be 0 or at least 2"),
        (block("src_image_size_w : 4097"), "line 4: src_image_size_w: Input should be less"),
        (block("padding : true src_image_size_w: 1080 src_image_size_h : 9 left_padding_size : 1"), "1081 px wide, more than 1080"),
        (f"{SMALLEST}\n{SMALLEST}", "line 2: a second aipp_op for input 0"),
        (f"{SMALLEST}\n{block('related_input_rank : 1')}", "for the inputs 0, 1; a classifier has input 0 only"),
        ("aipp_op { }" * 6000, "more than the 65536 bytes"),
        ("".join(block(f"related_input_rank : {rank}") for rank in range(17)), "more than 16 of aipp_op"),
    ],
)
def test_errors_tell_the_line(text: str, message: str) -> None:
    with pytest.raises(AippInvalid, match=message):
        parse_aipp(text)


MUTATIONS: list[Callable[[str, int, str], str]] = [
    lambda text, at, _: text[:at],
    lambda text, at, _: text[at:],
    lambda text, at, noise: text[:at] + noise + text[at:],
    lambda text, at, noise: text[:at] + noise + text[at + len(noise) :],
    lambda text, at, _: text[:at] + text[at + 1 :],
    lambda text, at, _: text[:at] + text[at // 2 :],
]
NOISE = st.text(st.sampled_from("{}:#\n .-+e019fx_a\0\ufeff\u00a0\ud800"), min_size=1, max_size=6)


@given(st.integers(0, len(TEXT)), st.sampled_from(MUTATIONS), NOISE)
def test_a_mutated_text_is_read_or_refused(at: int, mutate: Callable[[str, int, str], str], noise: str) -> None:
    with suppress(AippInvalid):
        parse_aipp(mutate(TEXT, at, noise))


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(AippInvalid):
        parse_aipp(text)


@pytest.mark.parametrize("source", ["rgb888", "yuv420sp"])
def test_a_file_is_read(tmp_path: Path, source: AippSource) -> None:
    config = aipp_of(RESNEXT, source)
    (tmp_path / "aipp.config").write_text(render_aipp(config, RESNEXT))
    assert read_aipp(tmp_path / "aipp.config") == config


@pytest.mark.parametrize("content", [b"\xff\xfe", b" " * 70_000, None])
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "aipp.config"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AippInvalid, match=r"aipp\.config: "):
        read_aipp(path)

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.codes import Code
from pipelines.errors import PipelineError
from pipelines.plugins import PLUGINS, Integer, Text, parse_properties

NUMBER = Integer(5, -10, 1000)


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("+7", 7), ("-10", -10), (" 224", 224), ("0xE0", 224), ("0X1f", 31), ("-0x5", -5), ("007", 7)]
)
def test_numbers(text: str, number: int) -> None:
    assert NUMBER.parse(text) == number


@pytest.mark.parametrize("value", ["", " ", "abc", "1.5", "1e2", "1 ", "0x", "--1", "\uff11", "1" * 5000, 5, True, None, ["5"], {}])
def test_no_numbers(value: object) -> None:
    with pytest.raises(ValueError, match=r'^wants a number in quotes, as "5", not '):
        NUMBER.parse(value)


@settings(deadline=None)
@given(number=st.integers())
def test_the_range(number: int) -> None:
    if -10 <= number <= 1000:
        assert NUMBER.parse(str(number)) == number
    else:
        with pytest.raises(ValueError, match=r"outside -10\.\.1000|wants a number"):
            NUMBER.parse(str(number))


def test_texts() -> None:
    assert Text().parse("any  text") == "any  text"
    assert Text(mapping=True).parse({"CLASS_NUM": "2"}) == {"CLASS_NUM": "2"}
    for value in ({"CLASS_NUM": "2"}, 5, None, ["x"]):
        with pytest.raises(ValueError, match=r"^wants a text in quotes, not "):
            Text().parse(value)


@pytest.mark.parametrize("factory", PLUGINS)
def test_every_default_is_a_value_of_its_property(factory: str) -> None:
    for known in PLUGINS[factory].values():
        assert known.parse(str(known.default)) == known.default


@pytest.mark.parametrize(
    ("factory", "name", "default"),
    [
        ("mxpi_tensorinfer", "waitingTime", 5000),
        ("mxpi_tensorinfer", "dynamicStrategy", "Nearest"),
        ("mxpi_tensorinfer", "outputDeviceId", -1),
        ("mxpi_imageresize", "resizeType", "Resizer_Stretch"),
        ("mxpi_imageresize", "scaleValue", 32),
        ("mxpi_imagedecoder", "cvProcessor", "ascend"),
        ("mxpi_imagedecoder", "outputDataFormat", "BGR"),
        ("mxpi_classpostprocessor", "funcLanguage", "c++"),
        ("mxpi_dataserialize", "dataSource", "auto"),
    ],
)
def test_the_vendors_defaults(factory: str, name: str, default: object) -> None:
    assert parse_properties("x0", factory, {})[name] == default


def test_what_is_given_goes_before_the_defaults() -> None:
    values = parse_properties("x0", "mxpi_classpostprocessor", {"labelPath": "a.names", "postProcessConfigContent": {"TOP_K": "2"}})
    assert (values["labelPath"], values["postProcessConfigContent"], values["status"]) == ("a.names", {"TOP_K": "2"}, 0)


@pytest.mark.parametrize(
    ("factory", "props", "code", "words"),
    [
        ("mxpi_nosuch", {}, Code.STREAM_FACTORY_INVALID, "Known plugins: appsrc, appsink, mxpi_imagedecoder,"),
        ("appsrc", {"nosuch": "1"}, Code.STREAM_PROPS_INVALID, "appsrc has no property 'nosuch'. It has: block, blocksize,"),
        ("appsrc", {"blocksize": 1}, Code.STREAM_PROPS_INVALID, "property 'blocksize' wants a number"),
        ("appsrc", [], Code.STREAM_PROPS_INVALID, "props must be an object"),
        ("appsrc", None, Code.STREAM_PROPS_INVALID, "props must be an object"),
    ],
)
def test_refusals_name_the_element(factory: str, props: object, code: Code, words: str) -> None:
    with pytest.raises(PipelineError) as caught:
        parse_properties("x0", factory, props)
    assert caught.value.vendor_code == code
    assert str(caught.value).startswith("Element 'x0': ")
    assert words in str(caught.value)

import pytest

from pipelines.codes import Code
from pipelines.cpu.text.plugins import PLUGINS, parse_properties
from pipelines.pipeline_errors import PipelineError


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
        (
            "mxpi_nosuch",
            {},
            Code.STREAM_FACTORY_INVALID,
            "Known plugins: appsrc, appsink, queue, tee, identity, fakesink, mxpi_imagedecoder,",
        ),
        ("appsrc", {"nosuch": "1"}, Code.STREAM_PROPS_INVALID, "appsrc has no property 'nosuch'. It has: block, blocksize,"),
        ("appsrc", {"blocksize": 1}, Code.STREAM_PROPS_INVALID, "property 'blocksize' must be in quotes, and 1 is not"),
        ("appsrc", {"blocksize": "x"}, Code.STREAM_PROPS_INVALID, "property 'blocksize' must be a number"),
        ("appsrc", {"is-live": "maybe"}, Code.STREAM_PROPS_INVALID, 'property \'is-live\' must be "true" or "false"'),
        ("mxpi_dataserialize", {"outputDataKeys": "a\tb"}, Code.COMM_INVALID_PARAM, "holds a control character or two blanks"),
        ("mxpi_dataserialize", {"b\n": "1", "a": "1"}, Code.STREAM_PROPS_INVALID, "has no property 'a'"),
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


def test_what_the_engine_passes_over() -> None:
    values = parse_properties("queue0", "queue", {"max-size-bytes": "50", "leaky": "downstream", "max_size_buffers": "7"})
    assert values == {"name": "", "max-size-buffers": 7, "leaky": 2}

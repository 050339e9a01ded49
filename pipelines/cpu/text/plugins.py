"""The plugins that a classification pipeline may name, and their properties as the vendor registers them.

Types, defaults and ranges: Vision SDK 7.3, mxPlugins (code wins over documentation). A property that is missing here makes
the creation of a stream fail with 6015, as in the vendor's engine.
"""

import logging
import re
import reprlib

from pipelines.codes import Code
from pipelines.cpu.text.gst_values import Float, Integer, Property, PropertyValue, Text, Unsigned
from pipelines.cpu.text.stock_plugins import IGNORED, STOCK_PLUGINS
from pipelines.pipeline_errors import PipelineError

logger = logging.getLogger(__name__)

__all__ = ["PLUGINS", "Float", "Integer", "Property", "PropertyValue", "Text", "Unsigned", "parse_properties"]

REFUSED_CHARACTERS = re.compile("[\n\f\r\b\t\v\x7f]|  ")  # the engine refuses these in names and values

_MXPI: dict[str, Property] = {
    "name": Text(),
    "status": Integer(0, 0, 1),
    "deviceId": Integer(0, -1, 2**31 - 1),
    "dataSource": Text("auto"),
}
_CV: dict[str, Property] = {"cvProcessor": Text("ascend"), "handleMethod": Text()}

PLUGINS: dict[str, dict[str, Property]] = {
    **STOCK_PLUGINS,
    "mxpi_imagedecoder": {
        **_MXPI,
        **_CV,
        "imageFormat": Text("jpg"),
        "outputDataFormat": Text("BGR"),
        "dataType": Text("uint8"),
        "formatAdaptation": Text("off"),
    },
    "mxpi_imageresize": {
        **_MXPI,
        **_CV,
        "parentName": Text(),
        "resizeHeight": Unsigned(0, 0, 4096),
        "resizeWidth": Unsigned(0, 0, 4096),
        "resizeType": Text("Resizer_Stretch"),
        "paddingType": Text("Padding_NO"),
        "scaleValue": Unsigned(32, 32, 8192),
        "minDimension": Unsigned(224, 32, 8192),
        "maxDimension": Unsigned(224, 32, 8192),
        "paddingHeight": Unsigned(32, 32, 8192),
        "paddingWidth": Unsigned(32, 32, 8192),
        "paddingColorB": Float(0, 0, 255),
        "paddingColorG": Float(0, 0, 255),
        "paddingColorR": Float(0, 0, 255),
        "RGBValue": Text(),
        "interpolation": Integer(0, 0, 4),
        "removeParentData": Integer(0, 0, 1),
    },
    "mxpi_opencvcentercrop": {**_MXPI, "cropHeight": Unsigned(0, 0, 819200), "cropWidth": Unsigned(0, 0, 819200)},
    "mxpi_imagecrop": {
        **_MXPI,
        **_CV,
        "parentName": Text(),
        "dataSourceImage": Text("auto"),
        "resizeHeight": Unsigned(0, 0, 8192),
        "resizeWidth": Unsigned(0, 0, 8192),
        **dict.fromkeys(("leftExpandRatio", "rightExpandRatio", "upExpandRatio", "downExpandRatio"), Float(0, 0, 1)),
        "minDimension": Unsigned(224, 32, 8192),
        "maxDimension": Unsigned(224, 32, 8192),
        "resizeType": Text("Resizer_Stretch"),
        "RGBValue": Text(),
        "paddingType": Text("Padding_NO"),
        "cropType": Text("cropCoordinate"),
        "autoDetectFrame": Integer(1, 0, 1),
        **dict.fromkeys(("cropPointx0", "cropPointy0", "cropPointx1", "cropPointy1"), Text()),
    },
    "mxpi_imagenormalize": {
        **_MXPI,
        "alpha": Text("0,0,0"),
        "beta": Text("1,1,1"),
        "format": Text("auto"),
        "dataType": Text("auto"),
        "processType": Integer(1, 0, 1),
    },
    "mxpi_tensorinfer": {
        **_MXPI,
        "modelPath": Text(),
        "waitingTime": Integer(5000, 1, 1_000_000),
        "dynamicStrategy": Text("Nearest"),
        "outputDeviceId": Integer(-1, -1, 7),
        "singleBatchInfer": Unsigned(0, 0, 1),
        "outputHasBatchDim": Unsigned(1, 0, 1),
        "skipModelCheck": Integer(0, 0, 1),
    },
    "mxpi_classpostprocessor": {
        **_MXPI,
        "postProcessConfigPath": Text(),
        "postProcessConfigContent": Text(mapping=True),
        "labelPath": Text(),
        "postProcessLibPath": Text(),
        "funcLanguage": Text("c++"),
        "pythonModule": Text(),
        "className": Text(),
    },
    "mxpi_dataserialize": {**_MXPI, "outputDataKeys": Text(), "eraseHeaderVecFlag": Unsigned(1, 0, 1)},
}


def parse_properties(element: str, factory: str, props: object) -> dict[str, PropertyValue]:
    """Every property of an element that has an effect, with defaults; raises PipelineError 6014, 6015 or 1004."""
    plugin = PLUGINS.get(factory)
    if plugin is None:
        known = ", ".join(PLUGINS)
        raise PipelineError(Code.STREAM_FACTORY_INVALID, f"Element {element!r}: unknown plugin {factory!r}.", f"Known plugins: {known}.")
    if not isinstance(props, dict):
        raise PipelineError(Code.STREAM_PROPS_INVALID, f"Element {element!r}: props must be an object.")
    ignored = IGNORED.get(factory, frozenset())
    values: dict[str, PropertyValue] = {name: known_property.default for name, known_property in plugin.items() if name not in ignored}
    for written_name, value in sorted(props.items()):
        name = written_name if written_name in plugin else written_name.replace("_", "-")  # GStreamer accepts both
        parsed = parse_property(element, factory, name, value)
        if name in ignored:
            logger.warning("element %s: %s is read-only and keeps its value", element, name)
        else:
            values[name] = parsed
    return values


def parse_property(element: str, factory: str, name: str, value: object) -> PropertyValue:
    """One property of a known plugin; raises PipelineError 6015 or 1004."""
    if not isinstance(value, str | dict):
        raise PipelineError(
            Code.STREAM_PROPS_INVALID,
            f"Element {element!r}: property {name!r} must be in quotes, and {reprlib.repr(value)} is not.",
            "Every property value of a pipeline is a text, also a number.",
        )
    if REFUSED_CHARACTERS.search(name) or (isinstance(value, str) and REFUSED_CHARACTERS.search(value)):
        raise PipelineError(
            Code.COMM_INVALID_PARAM,
            f"Element {element!r}: property {reprlib.repr(name)} holds a control character or two blanks in a row.",
            "Remove line breaks, tabs and double blanks from the property and its value.",
        )
    known = PLUGINS[factory].get(name)
    if known is None:
        has = ", ".join(sorted(PLUGINS[factory]))
        raise PipelineError(
            Code.STREAM_PROPS_INVALID, f"Element {element!r}: {factory} has no property {reprlib.repr(name)}.", f"It has: {has}."
        )
    try:
        return known.parse(value)
    except ValueError as error:
        raise PipelineError(Code.STREAM_PROPS_INVALID, f"Element {element!r}: property {name!r} {error}.") from error

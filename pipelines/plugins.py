"""The plugins a classification pipeline may name, and their properties as the vendor registers them.

Types, defaults and ranges: Vision SDK 7.3, mxPlugins (code wins over documentation). A property that is not here makes
stream creation fail with 6015, as on the vendor's engine.
"""

import re
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.codes import Code
from pipelines.errors import PipelineError

PropertyValue = int | str | Mapping[str, object]

_INTEGER = re.compile(r" *[+-]?(0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20})")  # no more digits than a 64-bit number has
_UINT32 = 2**32 - 1


@dataclass(frozen=True)
class Integer:
    """A number written as text, as every property value of a pipeline is."""

    default: int
    low: int
    high: int

    def parse(self, value: object) -> int:
        """The number; raises ValueError saying what is expected."""
        if not isinstance(value, str) or not _INTEGER.fullmatch(value):
            raise ValueError(f'wants a number in quotes, as "{self.default}", not {reprlib.repr(value)}')
        number = int(value, 0) if "x" in value.lower() else int(value)
        if not self.low <= number <= self.high:
            raise ValueError(f"is {number}, outside {self.low}..{self.high}")
        return number


@dataclass(frozen=True)
class Text:
    """A text; `mapping` allows a JSON object in its place."""

    default: str = ""
    mapping: bool = False

    def parse(self, value: object) -> PropertyValue:
        """The text or object; raises ValueError saying what is expected."""
        if isinstance(value, str) or (self.mapping and isinstance(value, dict)):
            return value
        raise ValueError(f"wants a text in quotes, not {reprlib.repr(value)}")


Property = Integer | Text

_ANY: dict[str, Property] = {"name": Text()}
_MXPI: dict[str, Property] = {**_ANY, "status": Integer(0, 0, 1), "deviceId": Integer(0, 0, 1024), "dataSource": Text("auto")}
_CV: dict[str, Property] = {"cvProcessor": Text("ascend"), "handleMethod": Text()}

# Properties of the GStreamer elements which the engine takes and passes over (mxStream, MxsmElement).
_SOURCE_IGNORED = (
    *("num-buffers", "typefind", "do-timestamp", "caps", "size", "stream-type", "format", "block", "is-live", "min-latency"),
    *("max-latency", "emit-signals", "min-percent", "current-level-bytes", "duration"),
)
_SINK_IGNORED = (
    *("sync", "max-lateness", "qos", "async", "ts-offset", "enable-last-sample", "last-sample", "render-delay", "throttle-time"),
    *("max-bitrate", "processing-deadline", "caps", "eos", "emit-signals", "max-buffers", "drop", "wait-on-eos", "buffer-list"),
)

PLUGINS: dict[str, dict[str, Property]] = {
    "appsrc": {
        **_ANY,
        "blocksize": Integer(4096, 0, _UINT32),
        "max-bytes": Integer(1, 0, 2**64 - 1),
        **dict.fromkeys(_SOURCE_IGNORED, Text()),
    },
    "appsink": {**_ANY, "blocksize": Integer(4096, 0, _UINT32), **dict.fromkeys(_SINK_IGNORED, Text())},
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
        "parentName": Text("auto"),
        "resizeHeight": Integer(0, 0, 4096),
        "resizeWidth": Integer(0, 0, 4096),
        "resizeType": Text("Resizer_Stretch"),
        "paddingType": Text("Padding_NO"),
        "scaleValue": Integer(32, 32, 8192),
        "minDimension": Integer(224, 32, 8192),
        "maxDimension": Integer(224, 32, 8192),
        "paddingHeight": Integer(32, 32, 8192),
        "paddingWidth": Integer(32, 32, 8192),
        "paddingColorB": Integer(0, 0, 255),
        "paddingColorG": Integer(0, 0, 255),
        "paddingColorR": Integer(0, 0, 255),
        "RGBValue": Text(),
        "interpolation": Integer(0, 0, 4),
        "removeParentData": Integer(0, 0, 1),
    },
    "mxpi_opencvcentercrop": {**_MXPI, "cropHeight": Integer(0, 0, 819200), "cropWidth": Integer(0, 0, 819200)},
    "mxpi_tensorinfer": {
        **_MXPI,
        "modelPath": Text(),
        "waitingTime": Integer(5000, 1, 1_000_000),
        "dynamicStrategy": Text("Nearest"),
        "outputDeviceId": Integer(-1, -1, 7),
        "singleBatchInfer": Integer(0, 0, 1),
        "outputHasBatchDim": Integer(1, 0, 1),
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
    "mxpi_dataserialize": {**_MXPI, "outputDataKeys": Text(), "eraseHeaderVecFlag": Integer(1, 0, 1)},
}


def parse_properties(element: str, factory: str, props: object) -> dict[str, PropertyValue]:
    """Every property of an element, defaults filled in; raises PipelineError 6014 or 6015."""
    plugin = PLUGINS.get(factory)
    if plugin is None:
        known = ", ".join(PLUGINS)
        raise PipelineError(
            Code.STREAM_FACTORY_INVALID, f"Element {element!r}: there is no plugin {factory!r}.", f"Known plugins: {known}."
        )
    if not isinstance(props, dict):
        raise PipelineError(Code.STREAM_PROPS_INVALID, f"Element {element!r}: props must be an object.")
    values: dict[str, PropertyValue] = {name: known_property.default for name, known_property in plugin.items()}
    for name, value in props.items():
        if name not in plugin:
            known = ", ".join(sorted(plugin))
            raise PipelineError(Code.STREAM_PROPS_INVALID, f"Element {element!r}: {factory} has no property {name!r}.", f"It has: {known}.")
        try:
            values[name] = plugin[name].parse(value)
        except ValueError as error:
            raise PipelineError(Code.STREAM_PROPS_INVALID, f"Element {element!r}: property {name!r} {error}.") from error
    return values

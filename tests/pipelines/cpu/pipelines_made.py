"""Streams over the level model, single elements, and the few calls every test of the runtime makes."""

import json
from itertools import pairwise
from typing import Any, TypeVar

from models.store import StoredModel
from pipelines.cpu import CpuOptions, CpuStreamManager, MxDataInput, MxDataOutput
from pipelines.cpu.elements.element import Element, ElementContext
from pipelines.cpu.elements.frame import Frame, Metadata
from pipelines.cpu.text.plugins import parse_properties
from pipelines.cpu.text.spec import ElementSpec, StreamSpec
from tests.level_model import SIDE_PX

Elements = dict[str, Any]
AnyElement = TypeVar("AnyElement", bound=Element)

HOUR_MS = "1000000"  # the longest waitingTime: such a window never closes within a test
BROKEN = b"not an image"
TIMEOUT_MS = 30_000


def chained(*chain: tuple[str, dict[str, Any]], suffix: int = 0) -> Elements:
    """Elements, each leading to the next, named for their factories."""
    names = [f"{factory}{suffix}" for factory, _ in chain]
    elements = {name: {"factory": factory, "props": props} for name, (factory, props) in zip(names, chain, strict=True)}
    for name, following in pairwise(names):
        elements[name]["next"] = following
    return elements


def classifying(model: StoredModel, suffix: int = 0, **props: dict[str, Any]) -> Elements:
    """The whole chain; keywords (decoder, resize, infer, post, serialize) add to the properties of an element."""
    content = {"CLASS_NUM": "64", "TOP_K": "3"}
    side = str(SIDE_PX)
    post = {"postProcessConfigContent": content, "labelPath": str(model.check_labels()), "postProcessLibPath": "libresnet50postprocess.so"}
    return chained(
        ("appsrc", {}),
        ("mxpi_imagedecoder", {"handleMethod": "opencv", **props.get("decoder", {})}),
        ("mxpi_imageresize", {"handleMethod": "opencv", "resizeWidth": side, "resizeHeight": side, **props.get("resize", {})}),
        ("mxpi_tensorinfer", {"modelPath": str(model.folder / "level.om"), "waitingTime": "20", **props.get("infer", {})}),
        ("mxpi_classpostprocessor", {**post, **props.get("post", {})}),
        ("mxpi_dataserialize", {"outputDataKeys": f"mxpi_classpostprocessor{suffix}", **props.get("serialize", {})}),
        ("appsink", {}),
        suffix=suffix,
    )


def text_of(**streams: Elements) -> bytes:
    """A pipeline text."""
    return json.dumps(streams).encode()


def create(manager: CpuStreamManager, **streams: Elements) -> None:
    """Create streams that must be right."""
    assert manager.CreateMultipleStreams(text_of(**streams)) == 0, manager.last_error


def input_of(image: bytes) -> MxDataInput:
    data = MxDataInput()
    data.data = image
    return data


def send(manager: CpuStreamManager, stream: bytes, image: bytes) -> int:
    """Send by unique id."""
    return manager.SendDataWithUniqueId(stream, 0, input_of(image))


def fetch(manager: CpuStreamManager, stream: bytes, unique_id: int) -> MxDataOutput:
    return manager.GetResultWithUniqueId(stream, unique_id, TIMEOUT_MS)


def ask(manager: CpuStreamManager, stream: bytes, image: bytes) -> MxDataOutput:
    """Send and fetch."""
    return fetch(manager, stream, send(manager, stream, image))


def best(output: MxDataOutput) -> int:
    """The first class of a result."""
    assert output.errorCode == 0, output.data
    return int(json.loads(output.data)["MxpiClass"][0]["classId"])


def opened(
    kind: type[AnyElement], props: dict[str, Any] | None = None, upstream: str = "before", options: CpuOptions | None = None
) -> AnyElement:
    """One element by itself."""
    name = f"{kind.factory}0"
    spec = ElementSpec(name, kind.factory, parse_properties(name, kind.factory, props or {}), ())
    return kind(ElementContext(spec, StreamSpec("test", 0, {name: spec}), upstream, options or CpuOptions()))


def pushed(element: Element, data: bytes = b"", unique_id: int = 0, **metadata: Metadata) -> Frame:
    """A frame that has been through the element."""
    frame = Frame(data, unique_id, dict(metadata))
    element.push(frame)
    return frame

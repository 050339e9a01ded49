"""The elements of the CPU runtime, by factory."""

from pipelines.codes import Code
from pipelines.errors import PipelineError
from pipelines.host.appsink import AppSink
from pipelines.host.appsrc import AppSrc
from pipelines.host.classpostprocessor import ClassPostProcessor
from pipelines.host.dataserialize import DataSerialize
from pipelines.host.element import Element, ElementContext
from pipelines.host.imagecrop import ImageCrop
from pipelines.host.imagedecoder import ImageDecoder
from pipelines.host.imageresize import ImageResize
from pipelines.host.opencvcentercrop import OpencvCenterCrop
from pipelines.host.plumbing import FakeSink, Identity, Queue, Tee
from pipelines.host.tensorinfer import TensorInfer

ELEMENTS: dict[str, type[Element]] = {
    "appsrc": AppSrc,
    "queue": Queue,
    "tee": Tee,
    "identity": Identity,
    "fakesink": FakeSink,
    "mxpi_imagedecoder": ImageDecoder,
    "mxpi_imageresize": ImageResize,
    "mxpi_opencvcentercrop": OpencvCenterCrop,
    "mxpi_imagecrop": ImageCrop,
    "mxpi_tensorinfer": TensorInfer,
    "mxpi_classpostprocessor": ClassPostProcessor,
    "mxpi_dataserialize": DataSerialize,
    "appsink": AppSink,
}


def open_element(context: ElementContext) -> Element:
    """Make an element ready to run; raises PipelineError."""
    spec = context.spec
    kind = ELEMENTS.get(spec.factory)
    if kind is None:
        have = ", ".join(ELEMENTS)
        raise PipelineError(
            Code.STREAM_FACTORY_INVALID, f"Element {spec.name!r}: the CPU runtime has no {spec.factory}.", f"It has: {have}."
        )
    try:
        return kind(context)
    except OSError as error:
        raise PipelineError(Code.STREAM_CHANGE_STATE, f"Element {spec.name!r}: {error}.") from error

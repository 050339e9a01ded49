"""The elements of the CPU runtime, by factory."""

from pipelines.codes import Code
from pipelines.cpu.elements.appsink import AppSink
from pipelines.cpu.elements.appsrc import AppSrc
from pipelines.cpu.elements.classpostprocessor import ClassPostProcessor
from pipelines.cpu.elements.dataserialize import DataSerialize
from pipelines.cpu.elements.element import Element, ElementContext
from pipelines.cpu.elements.imagecrop import ImageCrop
from pipelines.cpu.elements.imagedecoder import ImageDecoder
from pipelines.cpu.elements.imagenormalize import ImageNormalize
from pipelines.cpu.elements.imageresize import ImageResize
from pipelines.cpu.elements.opencvcentercrop import OpencvCenterCrop
from pipelines.cpu.elements.plumbing import FakeSink, Identity, Queue, Tee
from pipelines.cpu.elements.tensorinfer import TensorInfer
from pipelines.pipeline_errors import PipelineError

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
    "mxpi_imagenormalize": ImageNormalize,
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

"""The base of the elements that make pictures from pictures: input key, image processor, output."""

from pipelines.codes import Code, code_text
from pipelines.cpu.elements.element import Element, ElementContext, FrameFailure
from pipelines.cpu.elements.frame import Frame, Vision, Visions

HOST_MEMORY = 3  # the vendor's number for host memory
MAX_PICTURE_BYTES = 1024**3  # malloc_max_data_size of the sdk.conf that comes with the SDK
_CHANNELS = 3


class PictureElement(Element):
    """An element that reads the pictures under one key and writes its own under its own name."""

    def __init__(self, context: ElementContext) -> None:
        super().__init__(context)
        self._source = self._data_source()

    def _data_source(self) -> str:
        """`parentName`, else `dataSource`, else the output of the element before; raises PipelineError if there is none."""
        parent = self.text("parentName") if "parentName" in self.context.spec.props else ""
        if parent and self.text("dataSource") != "auto":
            raise self.refusal("parentName and dataSource are both set", "Leave parentName out.")
        named = parent or self.text("dataSource")
        source = self.context.upstream if named == "auto" else named
        before = self.context.stream.elements.get(source)
        if not source or (named == "auto" and before is not None and before.factory == "appsrc"):
            raise self.refusal("no element before it makes pictures", "Put a decoder before it, or name a dataSource.")
        return source

    def source(self) -> str:
        """The key of the metadata the element reads."""
        return self._source

    def number(self, name: str) -> float:
        """A numeric property that may have a fraction."""
        value = self.context.spec.props[name]
        if not isinstance(value, int | float):
            raise self.refusal(f"property {name!r} must be a number")
        return value

    def check(self, picture: Vision) -> None:
        """Raise FrameFailure for a picture that came as a message with a wrong number of bytes for its size."""
        pixels = picture.pixels
        if pixels.ndim != _CHANNELS or pixels.shape[2] != _CHANNELS:
            invalid = code_text(Code.COMM_INVALID_PARAM)
            raise FrameFailure(Code.COMM_INVALID_PARAM, f"A picture under {self._source!r} has {pixels.nbytes} bytes.{invalid}")

    def store(self, frame: Frame, pictures: list[Vision], failed: str) -> None:
        """Write the pictures; raises FrameFailure 7010 if a sent message already has the element's name as its key."""
        if self.name in frame.metadata:
            raise FrameFailure(Code.METADATA_KEY_EXISTS, f"{failed}{code_text(Code.METADATA_KEY_EXISTS)}")
        frame.metadata[self.name] = Visions(tuple(pictures))

"""The structs and vectors of the vendor's Python module. All their texts are bytes; wrong types raise errors with the vendor's texts."""

from collections.abc import Iterable
from typing import Any, ClassVar


def checked_bytes(value: object, method: str, position: int) -> bytes:
    """Return the value if it is bytes; else raise TypeError or ValueError with the text of the vendor's binding."""
    if isinstance(value, bytes):
        return value
    where = f"in method '{method}', argument {position} of type 'std::string const &'"
    if value is None:
        raise ValueError(f"invalid null reference {where}")
    raise TypeError(where)


def checked_int(value: object, method: str, position: int, kind: str, low: int, high: int) -> int:
    """Return the value if it is an int of that C type; else raise TypeError or OverflowError with the text of the vendor's binding."""
    where = f"in method '{method}', argument {position} of type '{kind}'"
    if not isinstance(value, int):
        raise TypeError(where)
    if not low <= value <= high:
        raise OverflowError(where)
    return value


class _Struct:
    """Fields with a type and a default; a subclass lists them. Other attributes may be set, as in the vendor's structs.

    The defaults are class attributes, so that an object is cheap to make: every image needs one.
    """

    TEXTS: ClassVar[tuple[str, ...]] = ()
    INTEGERS: ClassVar[tuple[str, ...]] = ()
    FLOATS: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        for names, default in ((cls.TEXTS, b""), (cls.INTEGERS, 0), (cls.FLOATS, 0.0)):
            for name in names:
                setattr(cls, name, default)

    def __setattr__(self, name: str, value: Any) -> None:
        if type(value) is bytes and name in self.TEXTS:
            self.__dict__[name] = value
        else:
            self._check(name, value)
            super().__setattr__(name, value)

    def _check(self, name: str, value: object) -> None:
        method = f"{type(self).__name__}_{name}_set"
        if name in self.TEXTS:
            checked_bytes(value, method, 2)
        elif name in self.INTEGERS:
            checked_int(value, method, 2, "int", -(2**31), 2**31 - 1)
        elif name in self.FLOATS and not isinstance(value, int | float):
            raise TypeError(f"in method '{method}', argument 2 of type 'float'")

    def _fields(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in (*self.TEXTS, *self.INTEGERS, *self.FLOATS)} | vars(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Struct) and type(other) is type(self) and other._fields() == self._fields()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._fields().items())})"


class _Vector(list[Any]):
    """A std::vector: a list with `push_back` and similar methods, for one type of item."""

    ITEM: ClassVar[type] = bytes
    ITEM_NAME: ClassVar[str] = "std::string"

    def __init__(self, items: Iterable[Any] = ()) -> None:
        super().__init__()
        for item in items:
            self.push_back(item)

    def push_back(self, item: Any) -> None:
        """Add an item at the end."""
        name = type(self).__name__
        where = f"in method '{name}_push_back', argument 2 of type 'std::vector< {self.ITEM_NAME} >::value_type const &'"
        if item is None:
            raise ValueError(f"invalid null reference {where}")
        if not isinstance(item, self.ITEM):
            raise TypeError(where)
        super().append(item)

    append = push_back

    def size(self) -> int:
        """The number of items."""
        return len(self)

    def empty(self) -> bool:
        """Whether the vector has no items."""
        return not self


class RoiBox(_Struct):
    """A rectangle in pixels."""

    FLOATS = ("x0", "y0", "x1", "y1")
    x0: float
    y0: float
    x1: float
    y1: float


class RoiBoxVector(_Vector):
    """Rectangles."""

    ITEM, ITEM_NAME = RoiBox, "PyStreamManager::RoiBox"


class MxDataInput(_Struct):
    """The input of a send: one encoded image and the rectangles for a crop. The other fields have no effect."""

    TEXTS, INTEGERS = ("data", "customParam"), ("fragmentId",)
    data: bytes
    customParam: bytes
    fragmentId: int

    @property
    def roiBoxs(self) -> RoiBoxVector:
        """The rectangles; each object makes its own vector at the first access."""
        boxes: RoiBoxVector = self.__dict__.setdefault("roi_boxes", RoiBoxVector())
        return boxes

    @roiBoxs.setter
    def roiBoxs(self, boxes: RoiBoxVector) -> None:
        self.__dict__["roi_boxes"] = RoiBoxVector(boxes)

    @property
    def has_boxes(self) -> bool:
        """Whether there are rectangles; does not make a vector."""
        return bool(self.__dict__.get("roi_boxes"))


class MxDataOutput(_Struct):
    """The output of a fetch: JSON, or the text of an error."""

    TEXTS, INTEGERS = ("data",), ("errorCode",)
    errorCode: int
    data: bytes

    def __init__(self, errorCode: int = 0, data: bytes = b"") -> None:
        self.__dict__["errorCode"] = int(errorCode)
        self.__dict__["data"] = data


class MxProtobufIn(_Struct):
    """A message to send: metadata key, type (as b"MxTools.MxpiVisionList") and bytes."""

    TEXTS = ("key", "type", "protobuf")
    key: bytes
    type: bytes
    protobuf: bytes


class MxProtobufOut(_Struct):
    """A received message; `messageName` is its metadata key."""

    TEXTS, INTEGERS = ("messageName", "messageBuf"), ("errorCode",)
    errorCode: int
    messageName: bytes
    messageBuf: bytes


class MxBufferInput(_Struct):
    """The image of the newer form of SendData."""

    TEXTS = ("data", "mxpiFrameInfo", "mxpiVisionInfo")
    data: bytes
    mxpiFrameInfo: bytes
    mxpiVisionInfo: bytes


class MxMetadataInput(_Struct):
    """A message for the newer form of SendData."""

    TEXTS = ("dataSource", "dataType", "serializedMetadata")
    dataSource: bytes
    dataType: bytes
    serializedMetadata: bytes


class MxBufferOutput(_Struct):
    """The bytes of the newer form of GetResult."""

    TEXTS, INTEGERS = ("errorMsg", "data"), ("errorCode",)
    errorCode: int
    errorMsg: bytes
    data: bytes


class MxMetadataOutput(_Struct):
    """A message from the newer form of GetResult; `dataType` is the message's name without its package."""

    TEXTS, INTEGERS = ("errorMsg", "dataType", "serializedMetadata"), ("errorCode",)
    errorCode: int
    errorMsg: bytes
    dataType: bytes
    serializedMetadata: bytes


class StringVector(_Vector):
    """Texts."""


class InProtobufVector(_Vector):
    """Messages to send."""

    ITEM, ITEM_NAME = MxProtobufIn, "PyStreamManager::MxProtobufIn"


class OutProtobufVector(_Vector):
    """Received messages."""

    ITEM, ITEM_NAME = MxProtobufOut, "PyStreamManager::MxProtobufOut"


class MetadataInputVector(_Vector):
    """Messages of the newer form of SendData."""

    ITEM, ITEM_NAME = MxMetadataInput, "PyStreamManager::MxMetadataInput"


class MetadataOutputVector(_Vector):
    """Messages of the newer form of GetResult."""

    ITEM, ITEM_NAME = MxMetadataOutput, "PyStreamManager::MxMetadataOutput"


class MxBufferAndMetadataOutput(_Struct):
    """The result of the newer form of GetResult."""

    TEXTS, INTEGERS = ("errorMsg",), ("errorCode",)
    errorCode: int
    errorMsg: bytes
    bufferOutput: MxBufferOutput
    metadataVec: MetadataOutputVector

    def __init__(self, errorCode: int = 0, errorMsg: bytes = b"") -> None:
        vars(self).update(errorCode=int(errorCode), errorMsg=errorMsg, bufferOutput=MxBufferOutput(), metadataVec=MetadataOutputVector())

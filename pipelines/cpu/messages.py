"""Metadata as protobuf messages, for callers that ask for them; and sent messages as metadata.

On a CPU the message carries the bytes of pictures and tensors (`dataStr`), as in the vendor's Python binding.
"""

from typing import Any

import numpy as np
from google.protobuf.message import DecodeError

from pipelines.cpu.compat import MxpiDataType_pb2 as proto
from pipelines.cpu.elements.frame import (
    Box,
    Boxes,
    Classes,
    Foreign,
    Metadata,
    PixelFormat,
    Preprocessed,
    TensorPackage,
    TensorPackages,
    Vision,
    Visions,
)

PACKAGE = "MxTools."
# ACL's numbers for the element types.
_ACL_TYPES = {"float32": 0, "float16": 1, "int8": 2, "int32": 3, "uint8": 4, "int16": 6, "int64": 9}
_NUMPY_TYPES = {number: np.dtype(name) for name, number in _ACL_TYPES.items()}


def to_message(metadata: Metadata) -> Any:
    """The protobuf message of a metadata; None for metadata without a message (the boxes sent with an image)."""
    match metadata:
        case Visions():
            return _vision_list(metadata)
        case TensorPackages():
            return _tensor_package_list(metadata)
        case Classes():
            return _class_list(metadata)
        case Foreign():
            return metadata.message
        case _:
            return None


def _header(message: Any, source: str, member: int) -> None:
    if source:
        message.headerVec.add(dataSource=source, memberId=member)


def _vision_list(visions: Visions) -> Any:
    message = proto.MxpiVisionList()
    for vision in visions.items:
        entry = message.visionVec.add()
        _header(entry, vision.source, vision.member)
        height, width = vision.pixels.shape[:2]
        info, data = entry.visionInfo, entry.visionData
        info.format, info.width, info.height = int(vision.format), width, height
        info.widthAligned, info.heightAligned = width, height
        info.resizeType, info.keepAspectRatioScaling = vision.resize_type, vision.scaling
        for done in vision.preprocessed:
            info.preprocessInfo.add(widthSrc=done.width_px, heightSrc=done.height_px, elementName=done.element)
        pixels = np.ascontiguousarray(vision.pixels)
        data.dataPtr, data.dataSize, data.memType = pixels.ctypes.data, pixels.nbytes, proto.MXPI_MEMORY_HOST_MALLOC
        data.dataType = proto.MXPI_DATA_TYPE_FLOAT32 if pixels.dtype == np.float32 else proto.MXPI_DATA_TYPE_UINT8
        data.dataStr = pixels.tobytes()
    return message


def _tensor_package_list(packages: TensorPackages) -> Any:
    message = proto.MxpiTensorPackageList()
    for package in packages.items:
        entry = message.tensorPackageVec.add()
        _header(entry, package.source, package.member)
        for array in package.arrays:
            tensor = entry.tensorVec.add()
            tensor.tensorDataPtr, tensor.tensorDataSize = array.ctypes.data, array.nbytes
            tensor.memType = proto.MXPI_MEMORY_HOST_MALLOC
            tensor.tensorShape.extend(array.shape)
            tensor.dataStr = array.tobytes()
            tensor.tensorDataType = _ACL_TYPES.get(array.dtype.name, 0)
    return message


def _class_list(classes: Classes) -> Any:
    message = proto.MxpiClassList()
    for result in classes.results:
        entry = message.classVec.add(classId=result.class_id, className=result.class_name, confidence=float(result.confidence))
        _header(entry, result.source, result.member)
    return message


def from_message(type_name: str, data: bytes) -> Metadata:
    """The metadata of a sent message; raises ValueError for an unknown type or for bytes of another type."""
    kind = getattr(proto, type_name.removeprefix(PACKAGE), None) if type_name.startswith(PACKAGE) else None
    if kind is None or not hasattr(kind, "ParseFromString"):
        raise ValueError(f"unknown message type {type_name!r}")
    message = kind()
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise ValueError(f"the bytes are not a valid {type_name}") from error
    match type_name.removeprefix(PACKAGE):
        case "MxpiVisionList":
            return Visions(tuple(_vision(entry) for entry in message.visionVec))
        case "MxpiTensorPackageList":
            return TensorPackages(tuple(_tensor_package(entry) for entry in message.tensorPackageVec))
        case "MxpiObjectList":
            return Boxes(tuple(Box(entry.x0, entry.y0, entry.x1, entry.y1) for entry in message.objectVec))
        case _:
            return Foreign(message)


def _source(entry: Any) -> tuple[str, int]:
    header = entry.headerVec[0] if entry.headerVec else None
    return (header.dataSource, header.memberId) if header else ("", 0)


def _vision(entry: Any) -> Vision:
    info, data = entry.visionInfo, entry.visionData
    dtype = np.dtype(np.float32 if data.dataType == proto.MXPI_DATA_TYPE_FLOAT32 else np.uint8)
    values = np.frombuffer(data.dataStr, dtype, len(data.dataStr) // dtype.itemsize)
    width, height = info.widthAligned or info.width, info.heightAligned or info.height
    pixels = values.reshape(height, width, 3) if values.size == width * height * 3 else values.reshape(1, -1)
    known = PixelFormat.RGB888 if info.format == PixelFormat.RGB888 else PixelFormat.BGR888
    source, member = _source(entry)
    done = tuple(Preprocessed(each.widthSrc, each.heightSrc, each.elementName) for each in info.preprocessInfo)
    return Vision(pixels, known, info.resizeType, info.keepAspectRatioScaling, source, member, preprocessed=done)


def _tensor_package(entry: Any) -> TensorPackage:
    arrays = []
    for tensor in entry.tensorVec:
        dtype = _NUMPY_TYPES.get(tensor.tensorDataType, np.dtype(np.float32))
        values = np.frombuffer(tensor.dataStr, dtype, len(tensor.dataStr) // dtype.itemsize)
        shape = tuple(tensor.tensorShape)
        arrays.append(values.reshape(shape) if values.size == int(np.prod(shape, dtype=np.int64)) else values)
    source, member = _source(entry)
    return TensorPackage(tuple(arrays), source, member)

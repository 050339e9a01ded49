"""The vendor's graph of metadata and its JSON. Each list entry is a node below the entries that its header names.

Keys are alphabetical, 64-bit numbers are texts, bytes are base64. Pictures carry their pixels; tensors carry only addresses.
"""

import json
from base64 import b64encode
from collections.abc import Collection, Mapping, MutableSequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from pipelines.cpu.compat import MxpiDataType_pb2 as proto
from pipelines.cpu.elements.frame import Boxes, Metadata, TensorPackages
from pipelines.cpu.elements.introsort import introsort
from pipelines.cpu.elements.jsonnumber import number_text
from pipelines.cpu.messages import to_message

FRAME_INFO = "ReservedFrameInfo"
SENT_BOXES = "appInput"
DECODED_BOXES = "ExternalObjects"  # the decoder's key for the boxes sent with an image

_LONG = (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64)


@dataclass(eq=False)
class Node:
    """One entry of a list."""

    type_name: str
    message: Message
    children: list["Node"] = field(default_factory=list)
    read: bool = False
    valid: bool = True


class MetadataGraph:
    """The metadata of one frame as nodes, in the order the elements wrote them."""

    def __init__(self, metadata: Mapping[str, Metadata], *, headers: bool) -> None:
        self._headers = headers
        self._lists: dict[str, list[Node]] = {}
        self._nodes: dict[str, Node] = {}
        self._roots: list[Node] = []
        for key, found in metadata.items():
            name = DECODED_BOXES if key == SENT_BOXES else key
            self._add_list(name, _message(found))
        info = Node("MxpiFrameInfo", proto.MxpiFrameInfo())
        self._lists[FRAME_INFO] = [info]
        self._roots.append(info)

    def _add_list(self, key: str, message: Message) -> None:
        first = message.DESCRIPTOR.fields[0]
        entries = getattr(message, first.name)
        if first.message_type is None or first.message_type.fields[0].name != "headerVec":
            return
        nodes = []
        for place, entry in enumerate(entries):
            node = Node(first.message_type.name, entry)
            self._nodes[f"{key}_{place}"] = node
            self._link(node)
            nodes.append(node)
        self._lists[key] = nodes

    def _link(self, node: Node) -> None:
        if not node.message.headerVec:
            self._roots.append(node)
        for header in node.message.headerVec:
            source = header.dataSource or header.parentName
            parent = self._nodes.get(f"{source}_{header.memberId}")
            if parent is not None:
                parent.children.append(node)
            elif source not in self._lists:
                self._roots.append(node)

    def list_json(self, key: str) -> str:
        """One list by itself."""
        nodes = self._lists.get(key, [])
        return _dump({nodes[0].type_name: [self._value(node) for node in nodes]}) if nodes else "{}"

    def json(self, keys: Collection[str]) -> str:
        """The lists of these keys, or all lists if there are no keys; each entry is nested in its parent."""
        if keys:
            kept = {id(node) for key in keys for node in self._lists.get(key, [])}
            for nodes in self._lists.values():
                for node in nodes:
                    node.valid = id(node) in kept
        top = Node("", None)
        _squeeze(top, _by_type(self._roots))
        return _dump(self._nested(top))

    def _nested(self, node: Node) -> dict[str, Any]:
        output: dict[str, Any] = {}
        for child in _by_type(node.children):
            output.setdefault(child.type_name, []).append({**self._value(child), **self._nested(child)})
        return output

    def _value(self, node: Node) -> dict[str, Any]:
        value = _message_value(node.message)
        if not self._headers:
            value.pop("headerVec", None)
        return value


def _squeeze(parent: Node, nodes: list[Node]) -> None:
    """Attach each valid node to its nearest valid ancestor. A node seen twice loses its children, as with the vendor."""
    if not nodes or nodes[0].read:
        return
    for node in nodes:
        node.read = True
        children, node.children = _by_type(node.children), []
        if node.valid:
            parent.children.append(node)
        _squeeze(node if node.valid else parent, children)


def _by_type(nodes: list[Node]) -> list[Node]:
    ordered = list(nodes)
    introsort(ordered, lambda one, other: one.type_name < other.type_name)
    return ordered


def _message(found: Metadata) -> Message:
    """The message of a metadata as in the vendor's JSON: tensors without bytes, each with a header."""
    if isinstance(found, Boxes):
        return proto.MxpiObjectList(objectVec=[proto.MxpiObject(x0=box.x0, y0=box.y0, x1=box.x1, y1=box.y1) for box in found.items])
    message = to_message(found)
    if isinstance(found, TensorPackages):
        for package in message.tensorPackageVec:
            for tensor in package.tensorVec:
                tensor.dataStr = b""
            package.headerVec.extend(list(package.headerVec) * (len(package.tensorVec) - 1))
    return message


class _Number(str):
    """A number that is already in text form."""

    __slots__ = ()


def _message_value(message: Message) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for one in message.DESCRIPTOR.fields:
        content = getattr(message, one.name)
        if isinstance(content, MutableSequence):
            value[one.json_name] = [_scalar(one, item) for item in content]
        elif one.message_type is None or message.HasField(one.name):
            value[one.json_name] = _scalar(one, content)
    return value


def _scalar(described: FieldDescriptor, content: object) -> object:
    if described.message_type is not None:
        return _message_value(content)
    if described.enum_type is not None:
        named = described.enum_type.values_by_number.get(content)
        return named.name if named else content
    if described.cpp_type in _LONG:
        return str(content)
    if isinstance(content, float):
        return _Number(number_text(content))
    return b64encode(content).decode() if isinstance(content, bytes) else content


def _dump(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{_dump(key)}:{_dump(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_dump, value)) + "]"
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)

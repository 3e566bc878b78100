"""As much of the format of ONNX files as is needed to read weights from one, and to write a graph."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import msgspec

Value: TypeAlias = int | memoryview

FLOAT, UINT8, INT8, INT64 = 1, 2, 3, 7
"""Types of a tensor's elements."""
_LONGEST_VARINT = 10


class BadFile(ValueError):
    """A file is not what it was taken for."""


class Tensor(msgspec.Struct, frozen=True):
    """Weights with their name and shape; ``data`` holds the elements row by row, little endian.

    Without ``data``, a graph that is written says that they are handed over apart from it.
    """

    name: str
    shape: tuple[int, ...]
    type: int
    data: bytes | memoryview | None


class Node(msgspec.Struct, frozen=True):
    """One operation. Attributes are whole numbers, floats, or lists of whole numbers."""

    operation: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, int | float | list[int]] = {}
    domain: str = ""


def fields(message: memoryview) -> Iterator[tuple[int, Value]]:
    """Number and value of each field of a message, in their order. Raises ``BadFile``."""
    at, end = 0, len(message)
    while at < end:
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield tag >> 3, value
            continue
        if kind == 2:
            size, at = _varint(message, at)
        elif kind in {1, 5}:
            size = 8 if kind == 1 else 4
        else:
            raise BadFile(f"a field of kind {kind}")
        if at + size > end:
            raise BadFile("a field ends after its message")
        yield tag >> 3, message[at : at + size]
        at += size


def tensor(message: memoryview) -> Tensor:
    """A ``TensorProto`` whose elements stand in ``raw_data``. Raises ``BadFile``."""
    name, shape, kind, data = "", list[int](), 0, memoryview(b"")
    for number, value in fields(message):
        match number, value:
            case 1, int():
                shape.append(value)
            case 1, memoryview():
                shape += _varints(value)
            case 2, int():
                kind = value
            case 8, memoryview():
                name = str(value, "utf-8", "replace")
            case 9, memoryview():
                data = value
            case _:
                pass
    return Tensor(name, tuple(shape), kind, data)


def node(message: memoryview) -> Node:
    """A ``NodeProto`` without its attributes. Raises ``BadFile``."""
    inputs, outputs, operation = list[str](), list[str](), ""
    for number, value in fields(message):
        if isinstance(value, memoryview) and number in {1, 2, 4}:
            text = str(value, "utf-8", "replace")
            if number == 4:
                operation = text
            else:
                (inputs if number == 1 else outputs).append(text)
    return Node(operation, tuple(inputs), tuple(outputs))


def graph(model: memoryview) -> tuple[list[Node], dict[str, Tensor]]:
    """The operations and the weights of a ``ModelProto``. Raises ``BadFile``."""
    nodes, tensors = list[Node](), dict[str, Tensor]()
    for number, value in fields(model):
        if number != 7 or not isinstance(value, memoryview):
            continue
        for part, content in fields(value):
            if part == 1 and isinstance(content, memoryview):
                nodes.append(node(content))
            elif part == 5 and isinstance(content, memoryview):
                found = tensor(content)
                tensors[found.name] = found
    return nodes, tensors


def model(
    nodes: Sequence[Node],
    tensors: Sequence[Tensor],
    inputs: dict[str, tuple[int | str, ...]],
    outputs: dict[str, tuple[int | str, ...]],
    operations: dict[str, int],
) -> bytes:
    """A ``ModelProto``: inputs and outputs are floats with the shapes given, ``operations`` is a version by domain."""
    parts = [_bytes(1, _node(each)) for each in nodes]
    parts.append(_bytes(2, b"graph"))
    parts += [_bytes(5, _tensor(each)) for each in tensors]
    parts += [_bytes(11, _place(name, shape)) for name, shape in inputs.items()]
    parts += [_bytes(12, _place(name, shape)) for name, shape in outputs.items()]
    versions = [_bytes(8, _bytes(1, name.encode()) + _number(2, version)) for name, version in operations.items()]
    return b"".join((_number(1, 8), _bytes(7, b"".join(parts)), *versions))


# -- writing


def _tensor(tensor: Tensor) -> bytes:
    parts = [_number(1, size) for size in tensor.shape]
    parts += [_number(2, tensor.type), _bytes(8, tensor.name.encode())]
    if tensor.data is None:
        size = math.prod(tensor.shape)  # the elements are bytes
        told = {"location": "apart", "offset": "0", "length": str(size)}
        parts += [_bytes(13, _bytes(1, key.encode()) + _bytes(2, value.encode())) for key, value in told.items()]
        parts.append(_number(14, 1))
    else:
        parts.append(_bytes(9, tensor.data))
    return b"".join(parts)


def _node(node: Node) -> bytes:
    parts = [_bytes(1, name.encode()) for name in node.inputs]
    parts += [_bytes(2, name.encode()) for name in node.outputs]
    parts.append(_bytes(4, node.operation.encode()))
    parts += [_bytes(5, _attribute(name, value)) for name, value in node.attributes.items()]
    if node.domain:
        parts.append(_bytes(7, node.domain.encode()))
    return b"".join(parts)


def _attribute(name: str, value: float | list[int]) -> bytes:
    told = _bytes(1, name.encode())
    match value:
        case int():
            return told + _number(3, value) + _number(20, 2)
        case float():
            return told + _tag(2, 5) + struct.pack("<f", value) + _number(20, 1)
        case _:
            return told + b"".join(_number(8, each) for each in value) + _number(20, 7)


def _place(name: str, shape: tuple[int | str, ...]) -> bytes:
    """An input or output: a number is the size of a dimension, a text the name of one that varies."""
    sizes = b"".join(
        _bytes(1, _number(1, size) if isinstance(size, int) else _bytes(2, size.encode())) for size in shape
    )
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, _number(1, FLOAT) + _bytes(2, sizes)))


def _number(field: int, value: int) -> bytes:
    return _tag(field, 0) + _written(value)


def _bytes(field: int, content: bytes | memoryview) -> bytes:
    return b"".join((_tag(field, 2), _written(len(content)), content))


def _tag(field: int, kind: int) -> bytes:
    return _written(field << 3 | kind)


def _written(value: int) -> bytes:
    value &= (1 << 64) - 1
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)


# -- reading


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for number, byte in enumerate(message[at : at + _LONGEST_VARINT]):
        value |= (byte & 127) << (7 * number)
        if byte < 128:
            return value, at + number + 1
    raise BadFile("a number that does not end")


def _varints(message: memoryview) -> Iterator[int]:
    at = 0
    while at < len(message):
        value, at = _varint(message, at)
        yield value

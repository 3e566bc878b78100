"""The weights of all-MiniLM-L6-v2 in eight bits, read from either form in which they are passed around.

A matrix of floats becomes whole numbers from -127 to 127 and one factor for each output (in the table of words: for
each word), by which the largest of them is 127. Files are mapped, never read whole: of the table of words only those
pages take memory whose words have occurred.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from stellwerk.embedders.minilm import wire
from stellwerk.embedders.minilm.wire import BadFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LAYERS = 6
WIDTH = 384
INNER = 1536
LINEAR = {
    "attention.self.query": (WIDTH, WIDTH),
    "attention.self.key": (WIDTH, WIDTH),
    "attention.self.value": (WIDTH, WIDTH),
    "attention.output.dense": (WIDTH, WIDTH),
    "intermediate.dense": (WIDTH, INNER),
    "output.dense": (INNER, WIDTH),
}
"""The matrices of a layer, each with the number of its inputs and outputs."""
_LONGEST_HEADER = 1_000_000


class Matrix(msgspec.Struct, frozen=True):
    """Whole numbers and what they are multiplied by: ``scale`` has an element for each column, or for each row."""

    values: NDArray[np.int8]
    scale: NDArray[np.float32]


class Weights:
    """Everything the model consists of, by the names that its authors gave."""

    def __init__(
        self, floats: Callable[[str], NDArray[np.float32]], matrix: Callable[[str, int], Matrix], file: mmap.mmap
    ) -> None:
        """What looks up floats by their name, and a matrix by its name and an axis, in a file that is mapped."""
        self._floats = floats
        self._matrix = matrix
        self._file = file

    def floats(self, name: str) -> NDArray[np.float32]:
        """Weights as they are used. Raises ``BadFile`` where there are none of that name."""
        try:
            return self._floats(name)
        except (KeyError, TypeError, ValueError) as error:
            raise BadFile(f"{name} cannot be read: {error}") from None

    def matrix(self, name: str, axis: int) -> Matrix:
        """Weights in eight bits, with one factor for all that ``axis`` runs along. Raises ``BadFile`` as well."""
        try:
            return self._matrix(name, axis)
        except (KeyError, TypeError, ValueError) as error:
            raise BadFile(f"{name} cannot be read: {error}") from None

    def rest(self) -> None:
        """Takes what was read of the file out of memory; who needs some of it again finds it there."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self._file.madvise(mmap.MADV_DONTNEED)


def read(path: Path) -> Weights:
    """From an ONNX file with weights in eight bits, or from safetensors. Raises ``BadFile`` and ``OSError``."""
    with path.open("rb") as file:
        try:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:
            raise BadFile("the file is empty") from None
    is_safetensors = len(mapped) > 9 and mapped[8] == ord("{")
    return _of_safetensors(mapped) if is_safetensors else _of_onnx(mapped)


def quantised(values: NDArray[np.float32], axis: int) -> Matrix:
    """A matrix in eight bits, with one factor for all that ``axis`` runs along."""
    import numpy as np

    largest = np.abs(values).max(axis=axis, keepdims=True)
    scale = (np.maximum(largest, 1e-12) / 127).astype(np.float32)
    return Matrix(np.rint(values / scale).astype(np.int8), scale.ravel())


def _of_safetensors(file: mmap.mmap) -> Weights:
    import numpy as np

    content = memoryview(file)
    size = int.from_bytes(content[:8], "little")
    if size > _LONGEST_HEADER or 8 + size > len(content):
        raise BadFile("its header does not end")
    try:
        header: dict[str, Any] = msgspec.json.decode(content[8 : 8 + size])
    except msgspec.DecodeError as error:
        raise BadFile(f"its header cannot be read: {error}") from None
    data = content[8 + size :]

    def floats(name: str) -> NDArray[np.float32]:
        told = header[name]
        if told["dtype"] != "F32":
            raise BadFile(f"{name} holds {told['dtype']}, and not floats of 32 bits")
        begin, end = told["data_offsets"]
        return np.frombuffer(data[begin:end], "<f4").reshape(told["shape"])

    def matrix(name: str, axis: int) -> Matrix:
        values = floats(name)
        return quantised(values if axis else values.T, axis)

    return Weights(floats, matrix, file)


def _of_onnx(file: mmap.mmap) -> Weights:
    """Of matrices only their biases bear their names: what a bias is added to is the product with its matrix."""
    import numpy as np

    nodes, tensors = wire.graph(memoryview(file))
    made_by = {output: node for node in nodes for output in node.outputs}
    products = {}
    for node in nodes:
        if node.operation != "Add":
            continue
        bias = next((name for name in node.inputs if name in tensors), "")
        product = next((made_by[name] for name in node.inputs if name in made_by), None)
        if product is not None and product.operation == "MatMul":
            products[_plain(bias).removesuffix(".bias")] = product.inputs[1]
    by_name = {_plain(name): tensor for name, tensor in tensors.items()}

    def array(tensor: wire.Tensor, kind: int) -> NDArray[Any]:
        if tensor.type != kind:
            raise BadFile(f"{tensor.name} holds elements of type {tensor.type}, expected {kind}")
        return np.frombuffer(tensor.data or b"", "<f4" if kind == wire.FLOAT else "i1").reshape(tensor.shape)

    def floats(name: str) -> NDArray[np.float32]:
        if f"{name}_q" in by_name:
            found = matrix(name, 1)
            return found.values * found.scale[:, None]
        return array(by_name[name], wire.FLOAT)

    def matrix(name: str, axis: int) -> Matrix:
        del axis
        stored = name if f"{name}_q" in by_name else _plain(products[name.removesuffix(".weight")])
        values = array(by_name[f"{stored}_q"], wire.INT8)
        return Matrix(values, np.array(array(by_name[f"{stored}_scale"], wire.FLOAT)).ravel())

    return Weights(floats, matrix, file)


def _plain(name: str) -> str:
    return name.removeprefix("inner.")

"""The model as a graph that multiplies in eight bits: what comes in is quantised anew for each product.

The operations are those that ONNX Runtime has for such models. Looking up words and
positions is left to the caller, so that the table of words, more than half of the model, need not be loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from stellwerk.embedders.minilm import wire
from stellwerk.embedders.minilm.weights import LAYERS, LINEAR, WIDTH, Weights
from stellwerk.embedders.minilm.wire import BadFile, Node, Tensor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HEADS = 12
EPSILON = 1e-12
INPUT, OUTPUT = "sums", "mean"
_OWN = "com.microsoft"


class Graph(msgspec.Struct, frozen=True):
    """A model without its matrices, and these by their names: whoever runs it is handed both, and copies neither."""

    model: bytes
    matrices: dict[str, NDArray[np.int8]]


def build(weights: Weights) -> Graph:
    """A model from the sums of the vectors of word, position and type (1, tokens, 384) to the mean of its results.

    Raises ``BadFile`` where the weights have other shapes.
    """
    parts = _Graph(weights)
    current = parts.normalised(INPUT, "embeddings.LayerNorm")
    for number in range(LAYERS):
        current = parts.layer(f"encoder.layer.{number}", current)
    parts.nodes.append(Node("ReduceMean", (current,), (OUTPUT,), {"axes": [1], "keepdims": 0}))
    model = wire.model(
        parts.nodes,
        parts.tensors,
        {INPUT: (1, "tokens", WIDTH)},
        {OUTPUT: (1, WIDTH)},
        {"": 17, _OWN: 1},
    )
    return Graph(model, parts.matrices)


class _Graph:
    """The operations so far, and the weights they need."""

    def __init__(self, weights: Weights) -> None:
        self.nodes: list[Node] = []
        self.tensors: list[Tensor] = []
        self.matrices: dict[str, NDArray[np.int8]] = {}
        self._weights = weights

    def layer(self, name: str, inputs: str) -> str:
        """One layer: attention, then two products with a bend between them, each added to what came in."""
        attended = self._attention(name, inputs)
        middle = self._joined(f"{name}.attention.output", attended, inputs)
        inner = self._product(f"{name}.intermediate.dense", middle)
        bent = self._node("Gelu", f"{inner}.bent", (inner,), domain=_OWN)
        return self._joined(f"{name}.output", bent, middle)

    def normalised(self, inputs: str, name: str) -> str:
        """Brought to one mean and spread, token by token."""
        return self._node("LayerNormalization", name, (inputs, *self._norm(name)), {"axis": -1, "epsilon": EPSILON})

    def _attention(self, name: str, inputs: str) -> str:
        products = tuple(self._product(f"{name}.attention.self.{each}", inputs) for each in ("query", "key", "value"))
        return self._node("MultiHeadAttention", f"{name}.attention", products, {"num_heads": HEADS}, _OWN)

    def _joined(self, name: str, inputs: str, beside: str) -> str:
        """A product added to what went by it, normalised."""
        product = self._product(f"{name}.dense", inputs)
        norm = self._norm(f"{name}.LayerNorm")
        return self._node("SkipLayerNormalization", name, (product, beside, *norm), {"epsilon": EPSILON}, _OWN)

    def _product(self, name: str, inputs: str) -> str:
        """What comes in, times a matrix, plus a bias. Columns are outputs, whichever way round the file has them."""
        import numpy as np

        shape = next(shape for suffix, shape in LINEAR.items() if name.endswith(f".{suffix}"))
        matrix = self._weights.matrix(f"{name}.weight", 0)
        if matrix.values.shape != shape or matrix.scale.shape != shape[1:]:
            raise BadFile(f"{name} has the shape {matrix.values.shape}, expected {shape}")
        weight = f"{name}.weight"
        self.matrices[weight] = np.ascontiguousarray(matrix.values)
        self.tensors.append(Tensor(weight, shape, wire.INT8, None))
        scale = self._tensor(f"{name}.scale", matrix.scale)
        bias = self._tensor(f"{name}.bias", self._floats(f"{name}.bias", shape[1]))
        given = (inputs, weight, scale, "", bias)
        return self._node("DynamicQuantizeMatMul", f"{name}.product", given, domain=_OWN)

    def _norm(self, name: str) -> tuple[str, str]:
        weight, bias = (self._tensor(each, self._floats(each, WIDTH)) for each in (f"{name}.weight", f"{name}.bias"))
        return weight, bias

    def _floats(self, name: str, size: int) -> NDArray[np.float32]:
        found = self._weights.floats(name)
        if found.shape != (size,):
            raise BadFile(f"{name} has the shape {found.shape}, expected {(size,)}")
        return found

    def _tensor(self, name: str, values: NDArray[np.float32]) -> str:
        self.tensors.append(Tensor(name, values.shape, wire.FLOAT, values.tobytes()))
        return name

    def _node(
        self,
        operation: str,
        name: str,
        inputs: tuple[str, ...],
        attributes: dict[str, int | float | list[int]] | None = None,
        domain: str = "",
    ) -> str:
        output = f"{name}:out"
        self.nodes.append(Node(operation, inputs, (output,), attributes or {}, domain))
        return output

"""The model as a graph that multiplies in eight bits: what comes in is quantised anew for each product.

The operations are those that ONNX Runtime has for such models; weights are bound into the graph. Looking up words and
positions is left to the caller, so that the table of words, more than half of the model, need not be loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stellwerk.embedders.minilm import wire
from stellwerk.embedders.minilm.weights import LAYERS, LINEAR, WIDTH, Matrix, Weights
from stellwerk.embedders.minilm.wire import BadFile, Node, Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEADS = 12
EPSILON = 1e-12
INPUT, OUTPUT = "sums", "mean"
_OWN = "com.microsoft"


def build(weights: Weights) -> bytes:
    """A model from the sums of the vectors of word, position and type (1, tokens, 384) to the mean of its results.

    Raises ``BadFile`` where the weights have other shapes.
    """
    parts = _Graph(weights)
    current = parts.normalised(INPUT, "embeddings.LayerNorm")
    for number in range(LAYERS):
        current = parts.layer(f"encoder.layer.{number}", current)
    parts.nodes.append(Node("ReduceMean", (current,), (OUTPUT,), {"axes": [1], "keepdims": 0}))
    return wire.model(
        parts.nodes,
        parts.tensors,
        {INPUT: (1, "tokens", WIDTH)},
        {OUTPUT: (1, WIDTH)},
        {"": 17, _OWN: 1},
    )


class _Graph:
    """The operations so far, and the weights they need."""

    def __init__(self, weights: Weights) -> None:
        self.nodes: list[Node] = []
        self.tensors: list[Tensor] = []
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
        """The three products at once, since each would quantise the same input."""
        import numpy as np

        names = [f"{name}.attention.self.{each}" for each in ("query", "key", "value")]
        found = [self._matrix(each) for each in names]
        matrix = Matrix(
            np.concatenate([each.values for each in found], axis=1), np.concatenate([each.scale for each in found])
        )
        bias = np.concatenate([self._floats(f"{each}.bias", WIDTH) for each in names])
        joint = self._multiplied(f"{name}.attention.self", inputs, matrix, bias)
        self.nodes.append(Node("Split", (joint,), tuple(names), {"axis": -1}))
        return self._node("MultiHeadAttention", f"{name}.attention", tuple(names), {"num_heads": HEADS}, _OWN)

    def _joined(self, name: str, inputs: str, beside: str) -> str:
        """A product added to what went by it, normalised."""
        product = self._product(f"{name}.dense", inputs)
        norm = self._norm(f"{name}.LayerNorm")
        return self._node("SkipLayerNormalization", name, (product, beside, *norm), {"epsilon": EPSILON}, _OWN)

    def _product(self, name: str, inputs: str) -> str:
        matrix = self._matrix(name)
        return self._multiplied(name, inputs, matrix, self._floats(f"{name}.bias", matrix.values.shape[1]))

    def _multiplied(self, name: str, inputs: str, matrix: Matrix, bias: NDArray[Any]) -> str:
        weights = (
            self._tensor(f"{name}.weight", matrix.values, wire.INT8),
            self._tensor(f"{name}.scale", matrix.scale, wire.FLOAT),
            "",
            self._tensor(f"{name}.bias", bias, wire.FLOAT),
        )
        return self._node("DynamicQuantizeMatMul", f"{name}.product", (inputs, *weights), domain=_OWN)

    def _norm(self, name: str) -> tuple[str, str]:
        return (
            self._tensor(f"{name}.weight", self._floats(f"{name}.weight", WIDTH), wire.FLOAT),
            self._tensor(f"{name}.bias", self._floats(f"{name}.bias", WIDTH), wire.FLOAT),
        )

    def _matrix(self, name: str) -> Matrix:
        """Columns are outputs, whichever way round the file has them."""
        expected = next(shape for suffix, shape in LINEAR.items() if name.endswith(f".{suffix}"))
        matrix = self._weights.matrix(f"{name}.weight", 0)
        if matrix.values.shape != expected or matrix.scale.shape != expected[1:]:
            raise BadFile(f"{name} has the shape {matrix.values.shape}, expected {expected}")
        return matrix

    def _floats(self, name: str, size: int) -> NDArray[Any]:
        found = self._weights.floats(name)
        if found.shape != (size,):
            raise BadFile(f"{name} has the shape {found.shape}, expected {(size,)}")
        return found

    def _tensor(self, name: str, values: NDArray[Any], kind: int) -> str:
        self.tensors.append(Tensor(name, values.shape, kind, values.tobytes()))
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

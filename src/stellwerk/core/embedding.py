"""Neutral requests for embeddings, and their replies."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.usage import Usage

Embeddable: TypeAlias = str | tuple[int, ...]
"""A text, or the numbers of its tokens (OpenAI)."""


class EmbeddingRequest(msgspec.Struct, frozen=True):
    """Texts to be placed in a vector space; ``None`` means "not said".

    ``is_single`` says that one text came without a list around it. ``dimensions`` shortens the vectors (OpenAI
    ``dimensions``, Gemini ``outputDimensionality``). ``task`` is a provider's word for what the vectors are for (Gemini
    ``taskType``), ``title`` that of a document (Gemini). ``is_base64`` asks for vectors as base64 of 32-bit floats,
    little endian (OpenAI ``encoding_format``). ``user`` names the end user to the provider.
    """

    model: str
    inputs: tuple[Embeddable, ...]
    is_single: bool = False
    dimensions: int | None = None
    task: str | None = None
    title: str | None = None
    is_base64: bool | None = None
    user: str | None = None
    opaque: Opaque | None = None


class EmbeddingReply(msgspec.Struct, frozen=True):
    """One vector for each input, in the request's order. ``usage`` as in ``Reply``: there are no output tokens."""

    model: str
    vectors: tuple[tuple[float, ...], ...]
    usage: Usage | None = None
    opaque: Opaque | None = None

"""Which public vocabulary a model counts in, told by its name."""

from __future__ import annotations

import re

import msgspec

O200K = "o200k_base"
CL100K = "cl100k_base"

_O200K = re.compile(r"(?:gpt-4o|chatgpt-4o|gpt-4\.1|gpt-4\.5|gpt-5|o[134])(?![a-z0-9])")
_CL100K = re.compile(r"(?:gpt-4|gpt-3\.5-turbo|gpt-35-turbo|text-embedding-(?:3|ada-002))(?![a-z0-9.])")
_TUNED = re.compile(r"ft:([^:]+).*")
_CLAUDE = re.compile(r"(?:.*[./])?claude")
_CLAUDE_FACTOR = 1.15
"""Tokens of Claude for one of ``o200k_base``: 1.09 in English, 1.22 in German, by the last vocabulary published."""


class Vocabulary(msgspec.Struct, frozen=True, gc=False):
    """A vocabulary to count in. Where it is not the model's own, the count times ``factor`` is an estimate."""

    name: str
    is_own: bool
    factor: float = 1.0


def vocabulary_of(model: str) -> Vocabulary:
    """The vocabulary of a provider's model. Names that say nothing are taken for models without a public one."""
    name = model.lower()
    plain = _TUNED.sub(r"\1", name.rpartition("/")[2])
    if _O200K.match(plain):
        return Vocabulary(O200K, is_own=True)
    if _CL100K.match(plain):
        return Vocabulary(CL100K, is_own=True)
    return Vocabulary(O200K, is_own=False, factor=_CLAUDE_FACTOR if _CLAUDE.match(name) else 1.0)

"""What a model's name says about what it takes: the wire is one, the generations differ."""

from __future__ import annotations

import re

_GENERATION = re.compile(r"(?:^|/)gemini-([0-9]+)(?:\.([0-9]+))?(?![0-9])")


def needs_signatures(model: str) -> bool:
    """Whether a function call without a thought signature is refused: Gemini 3 and later, aliases included."""
    return _is_gemini(model) and _generation(model) >= (3, 0)


def takes_levels(model: str) -> bool:
    """Whether thinking is asked for in levels (Gemini 3 and later) rather than in tokens."""
    return needs_signatures(model)


def takes_media_in_results(model: str) -> bool:
    """Whether a function's response may hold media of its own (Gemini 3 and later)."""
    return needs_signatures(model)


def takes_json_schema(model: str) -> bool:
    """Whether ``parametersJsonSchema`` and ``responseJsonSchema`` are understood: all but Gemini 1 and 2.0."""
    return _generation(model) >= (2, 5)


def _is_gemini(model: str) -> bool:
    return model.rpartition("/")[2].startswith("gemini-")


def _generation(model: str) -> tuple[int, int]:
    """Generation and revision; a name that tells none, such as ``gemini-pro-latest``, is of the newest."""
    found = _GENERATION.search(model)
    return (99, 0) if found is None else (int(found[1][:4]), int((found[2] or "0")[:4]))

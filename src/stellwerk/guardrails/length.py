"""How long a text is: characters, bytes, words, or tokens as they are estimated."""

from __future__ import annotations

import re

import msgspec

from stellwerk.core.subject import Subject
from stellwerk.core.taxonomy import Breach
from stellwerk.core.text_tokens import estimate_text
from stellwerk.core.verdict import Finding
from stellwerk.errors import ConfigurationError
from stellwerk.ports.guardrail import Guardrail

_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*+")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds that a text has to keep, themselves allowed; 0 is none. Tokens are estimated from above."""

    max_characters: int = 0
    max_bytes: int = 0
    max_words: int = 0
    max_tokens: int = 0
    min_characters: int = 0
    min_bytes: int = 0
    min_words: int = 0
    min_tokens: int = 0


_MEASURES = {
    "characters": len,
    "bytes": lambda text: len(text.encode(errors="surrogatepass")),
    "words": lambda text: sum(1 for _ in _WORD.finditer(text)),
    "tokens": estimate_text,
}


class LengthCheck:
    """Measures by every unit that has a bound. The empty text is no text: answers that only call tools have it."""

    __slots__ = ("_bounds",)

    needs_whole = True

    def __init__(self, bounds: tuple[tuple[str, int, int], ...]) -> None:
        self._bounds = bounds

    def check(self, subject: Subject) -> tuple[Finding, ...]:
        """One finding where a bound is broken."""
        text = subject.original
        for unit, least, most in self._bounds if text else ():
            size = _MEASURES[unit](text)
            if size < least or 0 < most < size:
                return (Finding(Breach.LENGTH, 1.0),)
        return ()


def build(settings: Settings) -> Guardrail:
    """The check. Raises ``ConfigurationError`` for bounds that no text or every text keeps."""
    problems, bounds = [], []
    for unit in _MEASURES:
        least, most = getattr(settings, f"min_{unit}"), getattr(settings, f"max_{unit}")
        problems += [
            f"guardrails/length: {name}_{unit}: expected at least 0, found {bound}"
            for name, bound in (("min", least), ("max", most))
            if bound < 0
        ]
        if 0 < most < least:
            problems.append(f"guardrails/length: min_{unit} {least} is above max_{unit} {most}: no text keeps both")
        if least or most:
            bounds.append((unit, least, most))
    if not bounds:
        problems.append("guardrails/length: expected a bound, such as max_characters, found none")
    if problems:
        raise ConfigurationError(tuple(problems))
    return LengthCheck(tuple(bounds))

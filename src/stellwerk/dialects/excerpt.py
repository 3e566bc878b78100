"""What a host says in words, cut down to what may be shown: short, one line, printable, no key in it."""

from __future__ import annotations

import html
import re
from typing import Any

EXCERPT_CHARACTERS = 500

_CODE_CHARACTERS = 100
_HEAD_BYTES = 8_192
_MARKUP = re.compile(r"(?is)<(script|style|head|title)\b.*?</\1\s*>|<[^<>]*>")
_TITLE = re.compile(r"(?is)<title[^<>]*>([^<]*)")
_SPACES = re.compile(r"\s+")
_HIDDEN = "[redacted]"
# What looks like a credential, in this order: an authorization value; a provider's prefix; a JSON web token; what
# stands behind a key's name; a long run of letters and digits, as keys without a prefix are, but no request's id.
_KEYS = re.compile(
    r"(?i:\bbearer\s+(?!tokens?\b|auth)[\w.~+/*=-]{6,}|\bbasic\s+[\w+/]{16,}=*)"
    r"|\b(?:sk|pk|rk|gsk|xai|hf|pplx|nvapi|r8|fw|tgp|csk|ghp|glpat|xox[abp])[-_*][\w.*-]{6,}"
    r"|\b(?:AIza|AKIA|ASIA|ya29\.)[\w.*-]{8,}"
    r"|\beyJ[\w-]{8,}\.[\w.-]+"
    r"|(?i:\b((?:x-)?api[-_ ]?key(?: provided)?|(?:access[-_ ]?)?token|key)([\"']?\s*[=:]\s*[\"']?))[\w.~+/*-]{6,}"
    r"|\b(?=\w*\d)(?=\w*[A-Za-z])(?!(?:req|org|proj|user|resp|chatcmpl|msg|file)[-_])[A-Za-z0-9]{32,}\b"
)


def excerpt(body: bytes | str) -> str:
    """At most ``EXCERPT_CHARACTERS`` of a message or a page, empty where there is nothing to read."""
    text = body if isinstance(body, str) else body[:_HEAD_BYTES].decode(errors="replace")
    if text.lstrip()[:1] == "<":
        title = _TITLE.search(text)
        text = html.unescape((title[1] + " " if title else "") + _MARKUP.sub(" ", text))
    text = "".join(character if character.isprintable() else " " for character in _SPACES.sub(" ", text)).strip()
    text = redact(_SPACES.sub(" ", text))
    return text if len(text) <= EXCERPT_CHARACTERS else text[: EXCERPT_CHARACTERS - 1].rstrip() + "…"


def code_word(value: Any) -> str | None:
    """A code as hosts write one, which may be a number: short, printable, no key in it; ``None`` for anything else."""
    if type(value) is int:
        return str(value)[:_CODE_CHARACTERS]
    return redact(value)[:_CODE_CHARACTERS] if type(value) is str and value.isprintable() and value else None


def redact(text: str) -> str:
    """The text with everything that looks like a credential replaced."""
    return _KEYS.sub(lambda found: f"{found[1]}{found[2]}{_HIDDEN}" if found[1] else _HIDDEN, text)

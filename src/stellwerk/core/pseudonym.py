"""Pseudonyms: what stands for a value while a model works on a text, such as ``<PERSON_1>``, and how it is found again.

A model may change how a pseudonym is written: it escapes it for Markdown, HTML, JSON or a URL, drops the brackets,
changes the case. All of these are found. A bare one has to be in capitals, as names in programs may look alike else.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Container, Iterator

import msgspec

from stellwerk.core.taxonomy import Hazard, Pii, Threat

LITERAL = "LITERAL"
"""The type of what only looks like a pseudonym, and is somebody's own text."""
TYPES = (LITERAL, *(str(kind) for kind in (*Pii, *Threat, *Hazard)))
LONGEST = 64
"""No spelling of a pseudonym is longer."""

_FORMS = (("<", ">"), ("\\<", "\\>"), ("&lt;", "&gt;"), ("&#60;", "&#62;"), ("\\u003c", "\\u003e"), ("%3c", "%3e"))
_MOST_DIGITS = 6
_TYPE = "|".join(re.escape(kind).replace("_", r"\\?_") for kind in sorted(TYPES, key=len, reverse=True))
_BODY = rf"(?:{_TYPE})\\?_[0-9]{{1,{_MOST_DIGITS}}}"
_ENCLOSED = "|".join(f"{re.escape(opening)} ?{_BODY} ?{re.escape(closing)}" for opening, closing in _FORMS)
_ANY = re.compile(rf"(?ai:{_ENCLOSED})|(?<!\w){_BODY}(?=s?(?!\w))")
_OPENINGS = "|".join(re.escape(opening) for opening, _ in _FORMS)
_ALIKE = re.compile(rf"(?ai)(?:(?:{_OPENINGS}) ?)?{_BODY}[0-9]*+")
_PARTS = re.compile(rf"(?ai)({_TYPE})\\?_([0-9]{{1,{_MOST_DIGITS}}})")
_BEGINNING = re.compile(r"[<&\\%]|(?<!\w)[A-Z]")
_INFLECTIONS = ("'s", "\u2019s", "s", "'", "\u2019")
_ALWAYS_INFLECTIONS = ("'s", "\u2019s")
_NUMBERS = frozenset(
    {
        Pii.IBAN_CODE, Pii.CREDIT_CARD, Pii.PHONE_NUMBER, Pii.US_SSN, Pii.US_ITIN, Pii.UK_NHS, Pii.UK_NINO,
        Pii.DE_TAX_ID, Pii.DE_SOCIAL_SECURITY, Pii.DE_HEALTH_ID, Pii.DE_ID_CARD, Pii.DE_VAT_ID, Pii.AT_SOCIAL_SECURITY,
        Pii.AT_VAT_ID, Pii.CH_AHV, Pii.LICENSE_PLATE,
    }
)  # fmt: skip
_WORDS = frozenset({Pii.PERSON, Pii.LOCATION, Pii.DATE_TIME, Pii.EMAIL_ADDRESS, Pii.IP_ADDRESS})


class Pseudonym(msgspec.Struct, frozen=True):
    """``[start, end)`` of a text names the value ``number`` of a type."""

    start: int
    end: int
    type: str
    number: int


def spelled(kind: str, number: int) -> str:
    """How the gateway writes a pseudonym."""
    return f"<{kind}_{number}>"


def pseudonyms(text: str, start: int = 0) -> Iterator[Pseudonym]:
    """Whatever names a value, in any spelling, from ``start`` on."""
    for hit in _ANY.finditer(text, start):
        for parts in _PARTS.finditer(hit[0]):  # there is one
            yield Pseudonym(*hit.span(), parts[1].replace("\\", "").upper(), int(parts[2]))


def look_alikes(text: str) -> list[tuple[int, int]]:
    """Where a text that nobody has pseudonymised holds what may be taken for a pseudonym, or may become one."""
    return [hit.span() for hit in _ALIKE.finditer(text)] if "_" in text else []


def unfinished(text: str) -> int:
    """Where a pseudonym may begin whose end has not come yet; the length of the text where none does."""
    since = max(0, len(text) - LONGEST)
    for hit in _BEGINNING.finditer(text, since):
        if _may_go_on(text[hit.start() :]):
            return hit.start()
    return len(text)


def digest(key: bytes, conversation: str, kind: str, value: str) -> bytes:
    """What a value is known by within one conversation of one tenant, whose key it takes to tell."""
    told = "\0".join((conversation, kind, normalised(kind, value))).encode(errors="surrogatepass")
    return hmac.digest(key, told, hashlib.sha256)[:16]


def normalised(kind: str, value: str) -> str:
    """A value without what differs between two ways of writing it."""
    if kind in _NUMBERS:
        bare = "".join(filter(str.isalnum, value)).upper()
        return f"00{bare}" if kind == Pii.PHONE_NUMBER and value.startswith("+") else bare
    return " ".join(value.split()).casefold() if kind in _WORDS else value


def inflected(kind: str, value: str, known: Container[str]) -> tuple[str, str]:
    """A name and its ending, where it has one: ``Müllers`` is of ``Müller``, where he is among those ``known``."""
    if kind == Pii.PERSON:
        for ending in _INFLECTIONS:
            name = value.removesuffix(ending)
            if name and name != value and (ending in _ALWAYS_INFLECTIONS or name in known):
                return name, ending
    return value, ""


def _may_go_on(text: str) -> bool:
    """Whether more text could make a pseudonym of it that is none yet, or a longer one."""
    folded = text.casefold()
    if any(opening.startswith(folded) for opening, _ in _FORMS):
        return True
    for opening, closing in _FORMS:
        if folded.startswith(opening) and _may_be_body(folded[len(opening) :].removeprefix(" ").upper(), closing):
            return True
    return _may_be_body(text, "")


def _may_be_body(text: str, closing: str) -> bool:
    """The same of what follows the opening bracket; an empty ``closing`` stands for a bare one."""
    plain = text.replace("\\_", "_").removesuffix("\\")
    if any(f"{kind}_".startswith(plain) for kind in TYPES):
        return True
    body = _PARTS.match(text)
    if body is None:
        return False
    rest = text[body.end() :]
    if not closing:
        return rest in {"", "s"}
    rest = rest.removeprefix(" ").casefold()
    return rest != closing and closing.startswith(rest)

"""Pseudonyms: what stands for a value while a model works on a text, such as ``<PERSON_1>``, and how it is found again.

A model may change how a pseudonym is written: it escapes it for Markdown, HTML, JSON or a URL, drops the brackets,
changes the case. All of these are found. A bare one has to be in capitals, as names in programs may look alike else.
Types are those of the taxonomy, and the names of a policy's own patterns and topics.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Container, Iterable, Iterator

import msgspec

from stellwerk.core.taxonomy import Breach, Hazard, Pii, Threat

LITERAL = "LITERAL"
"""The type of what only looks like a pseudonym, and is somebody's own text."""
TYPES = (LITERAL, *(str(kind) for kind in (*Pii, *Threat, *Hazard, Breach.PATTERN, Breach.TOPIC)))

_FORMS = (("<", ">"), ("\\<", "\\>"), ("&lt;", "&gt;"), ("&#60;", "&#62;"), ("\\u003c", "\\u003e"), ("%3c", "%3e"))
_MOST_DIGITS = 6
_AROUND = 24
"""Characters that a pseudonym has at most beside its type: brackets, number, spaces, and what escapes them."""
_OPENINGS = "|".join(re.escape(opening) for opening, _ in _FORMS)
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


class Notation:
    """What pseudonyms are looked for: of the taxonomy's types, and of ``own`` names beside them."""

    __slots__ = ("_alike", "_any", "_capitals", "_kinds", "_longest", "_parts", "_upper")

    def __init__(self, own: Iterable[str] = ()) -> None:
        self._kinds: dict[str, str] = {}
        for kind in (*TYPES, *own):
            self._kinds.setdefault(kind.upper(), kind)
        self._upper = tuple(f"{kind}_" for kind in self._kinds)
        self._capitals = tuple(f"{kind}_" for kind in self._kinds.values() if kind == kind.upper())
        self._longest = 2 * max(map(len, self._upper)) + _AROUND
        every, capitals = _body(self._kinds.values()), _body(kind[:-1] for kind in self._capitals)
        enclosed = "|".join(f"{re.escape(opening)} ?{every} ?{re.escape(closing)}" for opening, closing in _FORMS)
        self._any = re.compile(rf"(?ai:{enclosed})|(?<!\w){capitals}(?=s?(?!\w))")
        self._alike = re.compile(rf"(?ai)(?:(?:{_OPENINGS}) ?)?{every}[0-9]*+")
        self._parts = re.compile(rf"(?ai)({_types(self._kinds.values())})\\?_([0-9]{{1,{_MOST_DIGITS}}})")

    def kind_of(self, label: str) -> str | None:
        """The type that what is called so has here; ``None`` where it has none of its own."""
        return self._kinds.get(label.upper())

    def pseudonyms(self, text: str, start: int = 0) -> Iterator[Pseudonym]:
        """Whatever names a value, in any spelling, from ``start`` on."""
        for hit in self._any.finditer(text, start):
            for parts in self._parts.finditer(hit[0]):  # there is one
                kind = self._kinds[parts[1].replace("\\", "").upper()]
                yield Pseudonym(*hit.span(), kind, int(parts[2]))

    def look_alikes(self, text: str) -> list[tuple[int, int]]:
        """Where a text that nobody has pseudonymised holds what may be taken for a pseudonym, or may become one."""
        return [hit.span() for hit in self._alike.finditer(text)] if "_" in text else []

    def unfinished(self, text: str) -> int:
        """Where a pseudonym may begin whose end has not come yet; the length of the text where none does."""
        since = max(0, len(text) - self._longest)
        for hit in _BEGINNING.finditer(text, since):
            if self._may_go_on(text[hit.start() :]):
                return hit.start()
        return len(text)

    def _may_go_on(self, text: str) -> bool:
        """Whether more text could make a pseudonym of it that is none yet, or a longer one."""
        folded = text.casefold()
        if any(opening.startswith(folded) for opening, _ in _FORMS):
            return True
        for opening, closing in _FORMS:
            if folded.startswith(opening):
                inside = folded[len(opening) :].removeprefix(" ").upper()
                if self._may_be_body(inside, closing, self._upper):
                    return True
        return self._may_be_body(text, "", self._capitals)

    def _may_be_body(self, text: str, closing: str, kinds: tuple[str, ...]) -> bool:
        """The same of what follows the opening bracket; an empty ``closing`` stands for a bare one."""
        plain = text.replace("\\_", "_").removesuffix("\\")
        if any(kind.startswith(plain) for kind in kinds):
            return True
        body = self._parts.match(text)
        if body is None:
            return False
        rest = text[body.end() :]
        if not closing:
            return rest in {"", "s"}
        rest = rest.removeprefix(" ").casefold()
        return rest != closing and closing.startswith(rest)


def _types(kinds: Iterable[str]) -> str:
    longest_first = sorted(kinds, key=len, reverse=True)
    return "|".join(re.escape(kind).replace("_", r"\\?_") for kind in longest_first)


def _body(kinds: Iterable[str]) -> str:
    return rf"(?:{_types(kinds)})\\?_[0-9]{{1,{_MOST_DIGITS}}}"


PLAIN = Notation()
"""That of the taxonomy alone."""


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

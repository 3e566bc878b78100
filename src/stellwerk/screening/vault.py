"""The values behind one conversation's pseudonyms: of one tenant, bounded, and sealed wherever it is kept.

A request brings its whole conversation along, and equal texts get equal pseudonyms: so a vault can be made anew for
each request, and need be kept only where a provider holds the conversation. Then it is sealed, to be put into a store
that workers share, or given to the caller, who brings it back. What was sealed for another tenant or conversation, was
altered or has expired opens as nothing.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Iterable

import msgspec

from stellwerk.core import pseudonym
from stellwerk.core.pseudonym import LITERAL, PLAIN, Notation, spelled
from stellwerk.core.synthetic_seal import SyntheticSeal
from stellwerk.core.verdict import Span
from stellwerk.screening.edits import Edit, Edited, apply, joined

MOST_VALUES = 2_000
LONGEST_VALUE = 1_000
MOST_SEALED_BYTES = 262_144
"""A vault that is longer is not sealed."""
PURPOSE = b"vault"
"""For the ``SyntheticSeal`` of vaults."""


class _Content(msgspec.Struct, frozen=True, array_like=True):
    expires_at_s: int
    values: list[tuple[str, int, str]]


class Vault:
    """Owner of one conversation's values. ``key`` is the tenant's own; it numbers values by keyed digests."""

    __slots__ = ("_conversation", "_first", "_key", "_numbers", "_values", "notation")

    def __init__(self, key: bytes, conversation: str, first: int = 1, notation: Notation = PLAIN) -> None:
        """``first`` is the number that values of a type begin with."""
        self.notation = notation
        self._first = first
        self._key = key
        self._conversation = conversation
        self._numbers: dict[bytes, int] = {}
        self._values: dict[str, dict[int, str]] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been pseudonymised."""
        return not self._numbers

    def token(self, kind: str, value: str, beside: Collection[str] = ()) -> str | None:
        """What stands for a value; ``None`` where there is no room for another one.

        ``beside`` are values of the same text: a name among them is the same as its inflected forms.
        """
        name, ending = value, ""
        if not self.knows(kind, value):
            name, ending = pseudonym.inflected(kind, value, _Known(self, kind, beside))
        number = self._number(kind, name)
        return None if number is None else spelled(kind, number) + ending

    def value(self, kind: str, number: int) -> str | None:
        """What a pseudonym stands for; ``None`` for one that this vault has not given out."""
        return self._values.get(kind, {}).get(number)

    def knows(self, kind: str, value: str) -> bool:
        """Whether a value has a pseudonym already."""
        return pseudonym.digest(self._key, self._conversation, kind, value) in self._numbers

    def kind(self, span: Span) -> str:
        """The type that a finding's pseudonym has: the name of the policy's own pattern or topic, or its category."""
        return self.notation.kind_of(span.label) or str(span.type)

    def pseudonymise(self, text: str, spans: Iterable[Span]) -> Edited:
        """A text with pseudonyms for what was found in it, and for what only looks like one.

        A value that there is no room for gets a label, which says its type and cannot be undone.
        """
        places = [(span.start, span.end, span.score, self.kind(span)) for span in spans]
        places += [(start, end, 0.0, LITERAL) for start, end in self.notation.look_alikes(text)]
        found = joined(places)
        beside = {text[start:end] for start, end, _ in found}
        made = (
            Edit(start, end, self.token(kind, text[start:end], beside) or f"[{kind}]", kind)
            for start, end, kind in found
        )
        return apply(text, made)

    def sealed(self, seal: SyntheticSeal, tenant: str, expires_at_s: int) -> bytes | None:
        """The vault for a store; ``None`` where it is too long to be kept."""
        values = [(kind, number, value) for kind, known in self._values.items() for number, value in known.items()]
        content = msgspec.msgpack.encode(_Content(expires_at_s, values))
        return seal.seal(content, self._owner(tenant)) if len(content) <= MOST_SEALED_BYTES else None

    def sealed_to_caller(self, seal: SyntheticSeal, tenant: str, expires_at_s: int) -> str | None:
        """The same as text that fits into a header or a field, if it is not too long for that."""
        sealed = self.sealed(seal, tenant, expires_at_s)
        return None if sealed is None else urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def take(self, seal: SyntheticSeal, tenant: str, sealed: bytes | str, now_s: float) -> bool:
        """Takes over, before anything else, what was sealed before.

        ``False`` for what this tenant has not sealed for this conversation, and for what has expired: none is used.
        """
        if isinstance(sealed, str):
            try:
                sealed = urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
            except (binascii.Error, ValueError):
                return False
        opened = seal.unseal(sealed, self._owner(tenant))
        if opened is None:
            return False
        try:
            content = msgspec.msgpack.decode(opened, type=_Content)
        except (msgspec.DecodeError, ValueError):  # of another version
            return False
        if content.expires_at_s <= now_s:
            return False
        for kind, number, value in content.values:
            self._keep(kind, number, value)
        return True

    def _owner(self, tenant: str) -> str:
        return f"{len(tenant)}:{tenant}{self._conversation}"

    def _number(self, kind: str, value: str) -> int | None:
        known = self._numbers.get(pseudonym.digest(self._key, self._conversation, kind, value))
        if known is not None:
            return known
        if len(self._numbers) >= MOST_VALUES or len(value) > LONGEST_VALUE:
            return None
        number = max(self._values.get(kind, ()), default=self._first - 1) + 1
        self._keep(kind, number, value)
        return number

    def _keep(self, kind: str, number: int, value: str) -> None:
        self._numbers[pseudonym.digest(self._key, self._conversation, kind, value)] = number
        self._values.setdefault(kind, {})[number] = value


class _Known:
    """The values that a name may be an inflected form of."""

    __slots__ = ("_beside", "_kind", "_vault")

    def __init__(self, vault: Vault, kind: str, beside: Collection[str]) -> None:
        self._vault = vault
        self._kind = kind
        self._beside = beside

    def __contains__(self, value: object) -> bool:
        return isinstance(value, str) and (value in self._beside or self._vault.knows(self._kind, value))

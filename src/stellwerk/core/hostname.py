"""Hosts as people and attackers write them, in the one form that everything else compares; nothing is looked up.

One host has one text: a lower-case ASCII name without the final dot, or an address without brackets. What programs read
differently (``0x7f.1`` is an address to the C library and a name to others) is recognised for the address that it can
become and marked, so that nobody has to guess who would read it how.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import TypeAlias
from unicodedata import normalize

import msgspec

Address: TypeAlias = IPv4Address | IPv6Address

LONGEST_NAME = 253
"""Characters of a name without its final dot (RFC 1035, 2.3.4, in text)."""
LONGEST_SHOWN = 80

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_BYTE = 256


class Host(msgspec.Struct, frozen=True):
    """A host: ``text`` is its canonical form, ``address`` is there when it is a literal one."""

    text: str
    address: Address | None = None
    is_plain: bool = True
    """False for an address in a spelling that some programs take for a name or for another address."""

    @property
    def is_localhost(self) -> bool:
        """Whether it is a name that stands for this machine by definition (RFC 6761, 6.3)."""
        return self.text == "localhost" or self.text.endswith(".localhost")


def canonical(text: str) -> Host:
    """The host that ``text`` means. IPv6 addresses stand without brackets.

    Numbers are read as ``inet_aton`` reads them: one to four parts, decimal, octal or hexadecimal. Names in other
    scripts become their ``xn--`` form. Raises ``ValueError`` with what is wrong.
    """
    if ":" in text:
        return _version_6(text)
    name = text.removesuffix(".")
    if not 0 < len(name) <= LONGEST_NAME:
        raise ValueError(f"a host has 1 to {LONGEST_NAME} characters")
    name = name.lower() if name.isascii() else _encoded(name)
    if len(name) > LONGEST_NAME or _NAME.fullmatch(name) is None:
        raise ValueError(f"{shown(text)} is no host name")
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        address = literal(name) or _version_4(name)
        usual = str(address)
        return Host(usual, address, is_plain=usual == text)
    if "xn--" in name:
        _require_sound_labels(name)
    return Host(name)


def literal(text: str) -> Address | None:
    """The address that ``text`` is in its usual notation; ``None`` for everything else."""
    try:
        return IPv6Address(text) if ":" in text else IPv4Address(text)
    except AddressValueError:
        return None


def shown(text: str) -> str:
    """Text as a message may show it: in quotes, short, nothing but visible ASCII."""
    return ascii(text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}...")


def _version_6(text: str) -> Host:
    # Longer texts cannot be one, and a message would quote them.
    address = literal(text) if len(text) <= LONGEST_NAME else None
    if not isinstance(address, IPv6Address):
        raise ValueError(f"{shown(text)} is no IPv6 address")  # noqa: TRY004  # a wrong value, not a wrong type
    if address.scope_id is not None:
        raise ValueError(f"{shown(text)} has a scope id, which only means something on one machine")
    mapped = address.ipv4_mapped
    return Host(str(address), address) if mapped is None else Host(str(mapped), mapped, is_plain=False)


def _version_4(name: str) -> IPv4Address:
    parts = name.split(".")
    numbers = [_number(part) for part in parts]
    last = numbers.pop()
    if len(parts) > 4 or max(numbers, default=0) >= _BYTE or last >= _BYTE ** (5 - len(parts)):
        raise ValueError(f"{shown(name)} ends in a number, but is no IPv4 address")
    for position, number in enumerate(numbers):
        last += number << (24 - 8 * position)
    return IPv4Address(last)


def _number(part: str) -> int:
    """One part as C reads it: a leading ``0x`` means hexadecimal, a leading ``0`` octal."""
    try:
        if part.startswith("0x"):
            return int(part[2:] or "0", 16)
        return int(part, 8 if part.startswith("0") else 10)
    except ValueError:
        raise ValueError(f"{shown(part)} is no part of an IPv4 address") from None


def _encoded(name: str) -> str:
    return ".".join(label.lower() if label.isascii() else _encoded_label(label) for label in name.split("."))


def _encoded_label(label: str) -> str:
    """The ``xn--`` form of a label that needs one.

    Python's codec follows IDNA 2003 while browsers have moved on. The two differ in what they map to something else or
    leave out (``ß``, full-width digits, soft hyphens, other full stops): only a label that comes back as it was, but
    for upper case, means the same to all.
    """
    try:
        encoded = label.encode("idna")
        is_same = encoded.decode("idna") == normalize("NFC", label).lower()
    except UnicodeError:
        is_same, encoded = False, b""
    if not is_same or not encoded.startswith(b"xn--"):
        raise ValueError(f"{shown(label)} is no part of a host name, or not in the form that all programs agree on")
    return encoded.decode("ascii")


def _require_sound_labels(name: str) -> None:
    """Refuses labels that claim to be encoded and are not: some programs would show or even use what they decode to."""
    for label in name.split("."):
        if not label.startswith("xn--"):
            continue
        try:
            is_sound = not label[4:].encode("ascii").decode("punycode").isascii()
        except UnicodeError:
            is_sound = False
        if not is_sound:
            raise ValueError(f"{shown(label)} is no encoded part of a host name")

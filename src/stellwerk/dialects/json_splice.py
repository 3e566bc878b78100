"""Edits of a JSON object's top-level members in the original bytes: all that is not edited survives byte for byte.

Every function takes a body that is known to be valid JSON with an object at its top (a decoder has read it); positions
and shapes are then found without decoding again. Where a member that shall be found or edited stands twice, the body is
refused: two parsers must never read two different values.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from itertools import accumulate, islice
from typing import TypeAlias

import msgspec

from stellwerk.errors import InvalidRequest

# Possessive throughout: nothing here ever needs to try again, and a long string must not cost a stack.
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_KEY = re.compile(rb"[ \t\r\n]*+(" + _STRING + rb")[ \t\r\n]*+:[ \t\r\n]*+", re.DOTALL)
_SCALAR = re.compile(_STRING + rb"|[^,}\] \t\r\n]++", re.DOTALL)
_TOKEN = re.compile(_STRING + rb"|[\[{\]}]", re.DOTALL)
MOST_MEMBERS = 65_536
"""An object with more is walked through for nobody: that would keep all others waiting."""
_TOKENS = 4_096
"""A value with more strings and brackets is skipped by a decoder, which takes its time to begin, and none to go on."""
# Of the first byte behind the value; counted from 1.
_TRAILING = re.compile(r"trailing characters \(byte (\d+)\)")
_skip = msgspec.json.Decoder(msgspec.Raw).decode
_outer = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode
_SPACES = b" \t\r\n"
_BEFORE_KEY = b"{, \t\r\n"
_COLON = ord(":")
# A letter, digit or underscore may be written as an escape; only then can a key be spelled otherwise than it reads.
_ESCAPED_WORD = re.compile(rb"\\u00[3-7]")
_EDGE = 512
_VIEW_BYTES = 8_192
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = bytes(1 if byte in b"[{" else 255 if byte in b"]}" else 0 for byte in range(256))
_RUNS = (64, 16, 4, 2)
_LEVEL_BYTES = len(b'{"":}')  # an object that holds another; the innermost needs but two


Edit: TypeAlias = tuple[int, int, bytes]
"""Replace what stands from the first position to the second by these bytes."""


class Member(msgspec.Struct, frozen=True, gc=False):
    """One member of the top-level object: its decoded name, where its key begins, and its value's span."""

    name: str
    key: int
    start: int
    end: int


def members(body: bytes) -> tuple[Member, ...]:
    """All top-level members in their order, duplicates included."""
    return tuple(_walk(body))


def outer_members(body: bytes) -> tuple[Member, ...]:
    """``members`` at the speed of a decoder, for long values. Raises ``InvalidRequest`` where a name stands twice.

    Half a character raises ``msgspec.DecodeError``, or ``UnicodeDecodeError``.
    """
    found = []
    at = body.index(b"{") + 1
    for name, value in _outer(body).items():
        key = _KEY.match(body, at)
        if key is None or _name(key[1]) != name:
            raise InvalidRequest(f"Duplicate parameter: '{name}'.", param=name)
        end = key.end() + len(memoryview(value))
        found.append(Member(name, key.start(1), key.end(), end))
        at = _space_end(body, end) + 1
    if found and body[at - 1 : at] != b"}":
        raise InvalidRequest("Duplicate parameter.")
    return tuple(found)


def elements(body: bytes, start: int, end: int) -> list[tuple[int, int]]:
    """The spans of an array's elements; the array stands from ``start`` to ``end``. At the speed of a decoder.

    Raises ``msgspec.DecodeError`` where half a character stands in it.
    """
    spans = []
    at = start + 1
    for element in _elements(memoryview(body)[start:end]):
        at = _space_end(body, at)
        spans.append((at, at := at + len(memoryview(element))))
        at = _space_end(body, at) + 1
    return spans


def find(body: bytes, name: str) -> Member | None:
    """The top-level member of this name. Raises ``InvalidRequest`` when there are two.

    ``name`` consists of letters, digits and underscores.
    """
    quoted = _quoted(name)
    if body.find(quoted) < 0 and not _may_hold_escaped_words(body):
        return None
    found = [member for member in _walk(body) if member.name == name]
    if len(found) > 1:
        raise InvalidRequest(f"Duplicate parameter: '{name}'.", param=name)
    return found[0] if found else None


def locate(body: bytes, name: str) -> Member:
    """The member of this name in a body that is known to have it at its top level.

    Most bodies hold the name once: then no scan of the whole structure is needed. Raises ``InvalidRequest`` when the
    member stands twice. ``name`` as in ``find``.
    """
    quoted = _quoted(name)
    if body.count(quoted) == 1 and not _may_hold_escaped_words(body):
        member = _member_at(body, name, body.find(quoted), len(quoted))
        if member is not None:
            return member
    member = find(body, name)
    if member is None:
        raise InvalidRequest(f"Missing required parameter: '{name}'.", param=name)
    return member


def locate_unique(body: bytes, name: str) -> Member:
    """``locate`` for a body that is known not to hold the member twice: it looks at both ends of the body first."""
    quoted = _quoted(name)
    at = shallow(body, quoted)
    member = _member_at(body, name, at, len(quoted)) if at >= 0 else None
    return locate(body, name) if member is None else member


def shallow(body: bytes, key: bytes) -> int:
    """Where ``key``, beginning with a member's quoted name, stands in the top-level object near an end of the body.

    What stands before any nested value, or behind the last one, is at the top level. -1 where it is not there, or not
    certainly.
    """
    at = body.find(key, 0, _EDGE)
    if at >= 0 and body.count(b"{", 0, at) == 1 and body.find(b"[", 0, at) < 0:
        return at if body[at - 1] in _BEFORE_KEY else -1
    at = body.rfind(key, -_EDGE)
    if at >= 0 and body.find(b"]", at) < 0 and body.count(b"}", at) == 1:
        return at if body[at - 1] in _BEFORE_KEY else -1
    return -1


def splice(body: bytes, edits: Iterable[Edit]) -> bytes:
    """The body with all edits made in one copy. They must not overlap."""
    edits = sorted(edits)
    if len(edits) == 1 and len(body) < _VIEW_BYTES:
        start, end, value = edits[0]
        return body[:start] + value + body[end:]
    source = memoryview(body)
    pieces: list[bytes | memoryview] = []
    at = 0
    for start, end, value in edits:
        pieces += (source[at:start], value)
        at = end
    pieces.append(source[at:])
    return b"".join(pieces)


def insertion(body: bytes, name: str, value: bytes) -> Edit:
    """The edit that makes a new first member. The caller knows that the body has none of this name."""
    at = body.index(b"{") + 1
    comma = b"" if body.startswith(b"}", _space_end(body, at)) else b","
    return at, at, b"".join((b'"', name.encode(), b'":', value, comma))


def replace(body: bytes, member: Member, value: bytes) -> bytes:
    """The body with another value for this member."""
    return splice(body, ((member.start, member.end, value),))


def insert(body: bytes, name: str, value: bytes) -> bytes:
    """The body with a new first member; ``name`` as in ``find``. The caller knows that it has none of this name."""
    return splice(body, (insertion(body, name, value),))


def drop(body: bytes, member: Member) -> bytes:
    """The body without this member and the comma that set it apart."""
    after = _space_end(body, member.end)
    if body.startswith(b",", after):
        return body[: member.key] + body[_space_end(body, after + 1) :]
    before = body[: member.key].rstrip(_SPACES).removesuffix(b",")
    return before + body[member.end :]


def put(body: bytes, name: str, value: bytes) -> bytes:
    """The body with this member: replaced where it stands, else inserted. Raises ``InvalidRequest`` on two of them."""
    member = find(body, name)
    return insert(body, name, value) if member is None else replace(body, member, value)


def depth(body: bytes) -> int:
    """How deep objects and arrays are nested: 0 for a scalar, 1 for ``{}``. Linear in the body, without recursion."""
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    outside_strings = b"".join(body.split(b'"')[::2])
    steps = outside_strings.translate(_STEPS, _NOT_BRACKETS)
    # Only where steps up end can a peak be: runs in one direction are taken at a stride.
    for run in _RUNS:
        steps = steps.replace(b"\x01" * run, bytes((run,))).replace(b"\xff" * run, bytes((256 - run,)))
    return max(accumulate(array("b", steps)), default=0)


def is_deeper(body: bytes, limit: int) -> bool:
    """Whether nesting goes over ``limit``. Bodies with few brackets, which most are, are told from the count alone."""
    size = len(body)
    if size < _LEVEL_BYTES * limit - 1 and body.find(b"[") == body.rfind(b"["):
        return False  # one array, and objects take their room
    arrays = _count(body, b"[", limit)
    objects = (size - 2 * arrays + 3) // _LEVEL_BYTES
    if arrays + objects > limit:
        objects = _count(body, b"{", limit)
    return arrays + objects > limit and depth(body) > limit


def _count(body: bytes, bracket: bytes, limit: int) -> int:
    """How often it occurs, as far as one over ``limit``: ``find`` runs over what lies between at memory speed."""
    count = 0
    at = body.find(bracket)
    while at >= 0 and count <= limit:
        count += 1
        at = body.find(bracket, at + 1)
    return count


def _walk(body: bytes) -> Iterator[Member]:
    at, left = body.index(b"{") + 1, MOST_MEMBERS
    while (key := _KEY.match(body, at)) is not None:
        left -= 1
        if left < 0:
            raise InvalidRequest(f"More than {MOST_MEMBERS} parameters.")
        end = _value_end(body, key.end())
        yield Member(_name(key[1]), key.start(1), key.end(), end)
        at = _space_end(body, end) + 1


def _name(key: bytes) -> str:
    try:
        return msgspec.json.decode(key, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):  # half a character: no name that is looked for
        return key.decode(errors="replace")


def _value_end(body: bytes, start: int) -> int:
    if body[start] not in b"{[":
        scalar = _SCALAR.match(body, start)
        return scalar.end() if scalar is not None else start
    level = 0
    for token in islice(_TOKEN.finditer(body, start), _TOKENS):
        bracket = token[0]
        level += (bracket in {b"{", b"["}) - (bracket in {b"}", b"]"})
        if not level:
            return token.end()
    return _long_value_end(body, start)


def _long_value_end(body: bytes, start: int) -> int:
    """The same at the speed of a decoder, which says where a value is not the last one."""
    try:
        _skip(memoryview(body)[start:])
    except msgspec.DecodeError as error:
        trailing = _TRAILING.search(str(error))
        if trailing is not None:
            return start + len(body[start : start + int(trailing[1]) - 1].rstrip(_SPACES))
    return len(body)


def _quoted(name: str) -> bytes:
    return b'"' + name.encode() + b'"'


def _member_at(body: bytes, name: str, at: int, length: int) -> Member | None:
    """The member whose key stands at ``at``; ``None`` when what stands there is no key."""
    colon = at + length
    if body[colon] in _SPACES:
        colon = _space_end(body, colon)
    if body[colon] != _COLON or body[at - 1] not in _BEFORE_KEY:
        return None
    start = _space_end(body, colon + 1)
    return Member(name, at, start, _value_end(body, start))


def _space_end(body: bytes, at: int) -> int:
    while at < len(body) and body[at] in _SPACES:
        at += 1
    return at


def _may_hold_escaped_words(body: bytes) -> bool:
    return body.find(b"\\u00") >= 0 and _ESCAPED_WORD.search(body) is not None

"""The items that an answer of the Responses dialect consists of: how a stream tells of them, and a whole answer."""

from __future__ import annotations

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Part, Refusal, Text, Thinking
from stellwerk.core.stream import OpaqueDelta

DIALECT = "openai_responses"
_ITEM = "item"
"""Names the item that begins: in a stream's event, and in what is opaque of its first text."""
_PART = "part"
"""Marks an event: another part of the same item begins."""
_TYPE = "type"
_SPELLING = msgspec.Raw(b"null")
_THINKING = msgspec.Raw(b'"reasoning"')
_GOES_ON = Opaque(DIALECT, {_PART: _SPELLING})
_STRING = msgspec.json.Decoder(str | None)


def begins(event: OpaqueDelta) -> bool:
    """Whether an event says that an item begins, or another part of it."""
    opaque = event.opaque
    return opaque.dialect == DIALECT and (isinstance(opaque.members.get(_ITEM), Opaque) or _PART in opaque.members)


def is_of_thinking(begun: OpaqueDelta) -> bool:
    """Whether what begins is an item of reasoning, which is one even if nothing is shown of it."""
    item = begun.opaque.members.get(_ITEM)
    return isinstance(item, Opaque) and item.members.get(_TYPE) == _THINKING


def of_text(begun: OpaqueDelta | None) -> Opaque | None:
    """What is opaque of a text that begins so."""
    if begun is None:
        return None
    return Opaque(DIALECT, {}) if _PART in begun.opaque.members else begun.opaque


def thinking(begun: OpaqueDelta | None, text: str = "", *, is_summary: bool = False) -> Thinking:
    """Reasoning that begins so."""
    if begun is None:
        return Thinking(text, is_summary=is_summary)
    item = begun.opaque.members.get(_ITEM)
    if not isinstance(item, Opaque):
        return Thinking(text, is_summary=is_summary, opaque=Opaque(DIALECT, {_TYPE: _SPELLING}))
    members = {**item.members}
    members.pop(_TYPE, None)
    raw = members.pop("id", _SPELLING)
    identity = _STRING.decode(raw) if isinstance(raw, msgspec.Raw) else None
    return Thinking(text, is_summary=is_summary, id=identity, opaque=Opaque(DIALECT, members))


def opening(part: Part, last: Part | None, at: int) -> tuple[OpaqueDelta, ...]:
    """What a stream says before a part that follows on ``last``; ``at`` is the candidate."""
    if not isinstance(part, Text | Refusal | Thinking) or part.opaque is None or part.opaque.dialect != DIALECT:
        return ()
    members = part.opaque.members
    if isinstance(part, Thinking):
        if members.get(_TYPE) == _SPELLING:
            return (OpaqueDelta(_GOES_ON, at),)
        named = {} if part.id is None else {"id": msgspec.Raw(msgspec.json.encode(part.id))}
        begun = Opaque(DIALECT, {**named, **members, _TYPE: _THINKING})
        return (OpaqueDelta(Opaque(DIALECT, {_ITEM: begun}), at),)
    item = members.get(_ITEM)
    if isinstance(item, Opaque):
        return (OpaqueDelta(Opaque(DIALECT, {_ITEM: item}), at),)
    return (OpaqueDelta(_GOES_ON, at),) if isinstance(last, Text | Refusal) else ()

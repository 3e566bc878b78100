"""What an answer depends on, as digests: requests with the same one may share an answer, and no others.

Nothing that is not known to be without effect is left out: members that this version does not know count as they stand.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import msgspec

from stellwerk.core.cached import KEY_BYTES
from stellwerk.core.chat import ChatRequest, Message, Role
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Document, Image, Part, Refusal, Text, ToolCall, ToolResult
from stellwerk.core.tool import FunctionTool

_encode = msgspec.json.Encoder(order="deterministic").encode
_encode_plainly = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_NEUTRAL = {
    "prompt_cache_key": "cache_key",
    "store": "is_stored",
    "user": "user",
    "metadata": "metadata",
    "safety_identifier": "safety_identifier",
    "service_tier": "service_tier",
}
"""Members that callers may say are without effect, and what the neutral request calls them."""
_SPELLINGS = frozenset(("max_tokens", "max_completion_tokens"))
"""Members that stand for one another: that of them which was used is marked by a ``null`` (see ``Opaque``)."""
_NULL = msgspec.Raw(b"null")
_RESPONSES = "openai_responses"
"""The dialect that marks all that came in it, and how it was written; the others mark nothing but what is theirs."""
_WRITTEN = "input"
"""Where it marks by a ``null`` that a text stood alone."""
_NAMED = frozenset(("id", "status"))
"""What it calls an item that it has said before, and that this is whole: nobody looks that up."""
_LISTED = frozenset(("annotations", "logprobs"))
_EMPTY = msgspec.Raw(b"[]")
_MESSAGE = msgspec.Raw(b'"message"')
_ITEM = "item"
"""Where it marks in a text that an item begins with it, and what that one says."""
_SAID_LAST = "last turn"


class Asked(msgspec.Struct, frozen=True):
    """A request as far as its answer depends on it: its last turn, where that is a text alone, and all the rest."""

    rest: bytes
    """Everything else, in one form for every way of writing it."""
    question: str | None
    """``None`` where the last turn is no user's, or more than a text: then all of it is in the rest."""
    earlier_turns: int = 0
    """How many turns of users and models stand before it."""
    is_plain: bool = False
    """Whether there are no tools, nor what these have told."""


def digest(base: bytes, owner: str, *parts: bytes) -> bytes:
    """A digest of 16 bytes of these parts, one by one, for one owner. ``base`` has up to 64 bytes."""
    state = blake2b(owner.encode(), key=base, digest_size=KEY_BYTES)
    state.update(b"\0")
    for part in parts:
        state.update(len(part).to_bytes(8))
        state.update(part)
    return state.digest()


def asked(request: ChatRequest, ignore: tuple[str, ...] = ()) -> Asked:
    """What the answer to a request depends on. ``ignore`` are members, by their names in the caller's dialect.

    In which dialect it was asked makes no difference where both ask the same.
    """
    is_stored = request.is_stored or None  # that it is not kept is what saying nothing means, or it passes by
    if request.opaque is not None and request.opaque.dialect == _RESPONSES:
        request = _unmarked(request)
    same = msgspec.structs.replace(request, is_stream=False, wants_usage=False, is_stored=is_stored)
    request = _without(same, ignore)
    last = request.messages[-1] if request.messages else None
    if last is None or (question := _text_of(last)) is None:
        return Asked(_encode(request), None)
    roles = [message.role for message in request.messages]
    earlier = roles.count(Role.USER) + roles.count(Role.ASSISTANT) - 1  # by identity: to look for one takes a hash
    is_plain = not request.tools and Role.TOOL not in roles
    silent = msgspec.structs.replace(last, parts=(Text(_SAID_LAST),))
    rest = msgspec.structs.replace(request, messages=(*request.messages[:-1], silent))
    return Asked(_encode(rest), question, earlier, is_plain)


def asked_of(kind: bytes, values: Any, ignore: tuple[str, ...] = ()) -> Asked:
    """What the answer to a request in JSON depends on that has no neutral form; ``kind`` says how it is asked."""
    if isinstance(values, dict):
        values = {name: value for name, value in values.items() if name not in ignore}
    return Asked(_encode([kind.decode("latin-1"), values]), None)


def read_once(body: bytes) -> Any:
    """The values of a body. Raises ``ValueError`` where it is no JSON, or says something twice.

    That is, where an object has two members of one name, of which readers take this or that: a decoder drops one of
    them, so that what it has read is shorter than what was written. Linear in the body, in a few runs of C.
    """
    try:
        values = _decode(body)
        told = _encode_plainly(values)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ValueError(str(error)) from None
    # Mostly it is written as it is read, but for spaces; else numbers or characters are spelled in another way.
    is_same = told == body or (b"\\" in body and told == msgspec.json.format(body, indent=-1))
    if not is_same and _strings(told) != _strings(body):
        raise ValueError("a name stands twice")
    return values


def _strings(body: bytes) -> int:
    """How many marks there are around strings: two for each, names among them."""
    marks = body.count(b'"')
    if b"\\" not in body:
        return marks
    return marks - body.replace(b"\\\\", b"").count(b'\\"')


def _text_of(message: Message) -> str | None:
    """The words of a user's turn that is nothing but one text."""
    if message.role is not Role.USER or len(message.parts) != 1:
        return None
    part = message.parts[0]
    return part.text if isinstance(part, Text) and part == Text(part.text) else None


def _without(request: ChatRequest, names: tuple[str, ...]) -> ChatRequest:
    neutral = {_NEUTRAL[name]: None for name in names if name in _NEUTRAL}
    opaque = request.opaque
    if opaque is not None:
        members = {name: value for name, value in opaque.members.items() if _matters(name, value, names)}
        opaque = Opaque(opaque.dialect, members) if members else None
    return msgspec.structs.replace(request, **neutral, opaque=opaque)


def _matters(name: str, value: msgspec.Raw | Opaque, ignore: tuple[str, ...]) -> bool:
    return name not in ignore and not (name in _SPELLINGS and value == _NULL)


def _unmarked(request: ChatRequest) -> ChatRequest:
    """A request of the Responses dialect without the marks that it came so; what makes a difference there stays."""
    opaque = request.opaque
    if request.reasoning is None and opaque is not None:  # what is shown of reasoning depends on who asks
        opaque = _left(opaque, _is_writing)
    tools = tuple(
        msgspec.structs.replace(tool, opaque=_left(tool.opaque))
        if isinstance(tool, FunctionTool) and tool.is_strict is not None  # unsaid, it means another thing elsewhere
        else tool
        for tool in request.tools
    )
    messages = tuple(_unmarked_message(message) for message in request.messages)
    return msgspec.structs.replace(request, messages=messages, tools=tools, opaque=opaque)


def _unmarked_message(message: Message) -> Message:
    parts = message.parts
    if len(parts) != 1 or getattr(parts[0], "opaque", None) is not None:
        befores = (None, *parts[:-1])
        parts = tuple([_unmarked_part(part, before) for part, before in zip(parts, befores, strict=True)])
    return Message(message.role, parts, message.name, message.cache, _left(message.opaque, _is_naming))


def _unmarked_part(part: Part, before: Part | None) -> Part:
    if isinstance(part, ToolCall | ToolResult):
        return msgspec.structs.replace(part, opaque=_left(part.opaque, _is_naming))
    if isinstance(part, Text | Refusal | Image | Document):
        opaque = _left(part.opaque, _is_absent)
        if isinstance(before, Text | Refusal) and _begins_item(part):  # what two items say is not said in one
            left = opaque.members if opaque is not None else {}
            opaque = Opaque(_RESPONSES, {_ITEM: _NULL, **left})
        return msgspec.structs.replace(part, opaque=opaque)
    return part


def _begins_item(part: Part) -> bool:
    opaque = getattr(part, "opaque", None)
    return opaque is not None and opaque.dialect == _RESPONSES and isinstance(opaque.members.get(_ITEM), Opaque)


def _left(opaque: Opaque | None, is_mark: Callable[[str, msgspec.Raw | Opaque], bool] | None = None) -> Opaque | None:
    """What is opaque without the marks; nothing where that was all."""
    if opaque is None or opaque.dialect != _RESPONSES:
        return opaque
    if not opaque.members:
        return None
    left = {name: value for name, value in opaque.members.items() if is_mark is None or not is_mark(name, value)}
    return Opaque(_RESPONSES, left) if left else None


def _is_naming(name: str, value: msgspec.Raw | Opaque) -> bool:
    """Whether a member of an item says how it was written or how it is called, or that it does not have something."""
    return name in _NAMED or (name == "type" and value == _MESSAGE) or value == _NULL


def _is_absent(name: str, value: msgspec.Raw | Opaque) -> bool:
    """Whether a member of a part says that there is nothing, or of the item that begins with it no more than that.

    A ``null`` is as good as nothing: so the SDKs write whatever is not there.
    """
    if isinstance(value, Opaque):
        return name == _ITEM and _left(value, _is_naming) is None
    return value == _NULL or (name in _LISTED and value == _EMPTY)


def _is_writing(name: str, value: msgspec.Raw | Opaque) -> bool:
    """Whether a member of a request says no more than how it was written."""
    is_empty = isinstance(value, Opaque) and not value.members
    return (name == _WRITTEN and value == _NULL) or (name == "text" and is_empty)

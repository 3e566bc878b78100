"""An answer of the Responses dialect that is told again: as a response of its own, which no provider keeps.

It has an id that is nobody else's. What a caller may say without changing the answer (``ignore``) is told as this
caller said it, and never as the one did that asked first.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

import msgspec

from stellwerk.core.chat import ChatRequest
from stellwerk.core.opaque import Opaque
from stellwerk.core.reply import Reply
from stellwerk.core.stream import Finished, Started, StreamEvent
from stellwerk.dialects import json_splice
from stellwerk.dialects.openai_responses.types import DIALECT
from stellwerk.errors import InvalidRequest
from stellwerk.gateway.dialect import Decoder
from stellwerk.gateway.speeches import Speech

Echo: TypeAlias = Mapping[str, msgspec.Raw]
"""Members of a request that its answer says again."""

_ID_BYTES = 24
_UNSAID = {"metadata": msgspec.Raw(b"{}"), "store": msgspec.Raw(b"false")}
_NULL = msgspec.Raw(b"null")
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def renewed(speech: Speech, body: bytes, ignore: tuple[str, ...]) -> Speech:
    """Reads answers as such to the request ``body``. ``ignore`` are members that callers may say differently."""
    identity, echo = _new_id(), echo_of(body, ignore)

    def decode(body: bytes, asked: ChatRequest, name: str) -> Reply:
        reply = speech.decode(body, asked, name)
        candidates = tuple(
            msgspec.structs.replace(candidate, opaque=_told(candidate.opaque, echo)) for candidate in reply.candidates
        )
        return msgspec.structs.replace(reply, id=identity, candidates=candidates, opaque=_told(reply.opaque, echo))

    return replace(
        speech, decode=decode, decoder=lambda asked, name: _Renewed(speech.decoder(asked, name), identity, echo)
    )


def under_another_id(body: bytes) -> bytes | None:
    """A whole response, byte for byte, but for its id; nothing where that is not to be found."""
    try:
        member = json_splice.locate_unique(body, "id")
    except InvalidRequest:
        return None
    return json_splice.replace(body, member, b'"%b"' % _new_id().encode())


def echo_of(body: bytes, ignore: tuple[str, ...]) -> Echo:
    """What the answer to a request says again of these members. Nobody goes on from it, whatever was asked."""
    if not ignore:
        return {}
    said = _members(body)
    return {**{name: said.get(name, _UNSAID.get(name, _NULL)) for name in ignore}, "store": _UNSAID["store"]}


def _new_id() -> str:
    return f"resp_{secrets.token_hex(_ID_BYTES)}"


class _Renewed:
    """A decoder whose answer is another response."""

    __slots__ = ("_decoder", "_echo", "_identity")

    def __init__(self, decoder: Decoder, identity: str, echo: Echo) -> None:
        self._decoder = decoder
        self._identity = identity
        self._echo = echo

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The events that these bytes complete. Raises ``UpstreamInvalid``."""
        return [self._event(event) for event in self._decoder.feed(data)]

    def flush(self) -> list[StreamEvent]:
        """The stream has ended."""
        return [self._event(event) for event in self._decoder.flush()]

    def _event(self, event: StreamEvent) -> StreamEvent:
        if isinstance(event, Started):
            return msgspec.structs.replace(event, id=self._identity, opaque=_told(event.opaque, self._echo))
        if isinstance(event, Finished):
            return msgspec.structs.replace(event, opaque=_told(event.opaque, self._echo))
        return event


def _told(opaque: Opaque | None, echo: Echo) -> Opaque | None:
    """What an answer says besides its content, of this caller. What it did not say before, it does not say now."""
    if opaque is None or opaque.dialect != DIALECT or not echo:
        return opaque
    members = {name: echo.get(name, value) for name, value in opaque.members.items()}
    return Opaque(DIALECT, members)

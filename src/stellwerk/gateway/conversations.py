"""Who answered a conversation's last turn: for strategies that keep it where the provider's prompt cache is warm."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from stellwerk.core.envelope import Envelope
from stellwerk.core.identity import Principal
from stellwerk.core.route import Kept
from stellwerk.dialects.json_splice import members

MOST = 50_000
"""So many conversations are remembered, the least recent ones forgotten first."""
OPENING_BYTES = 65_536
_ANSWERS = (b'"assistant"', b'"role":"model"', b'"role": "model"')
_TURNS = frozenset({"messages", "contents", "input"})
"""Where a request has what was said, in one dialect or another."""


class Conversations:
    """The conversations of one worker. What it has forgotten is only a cold cache at a provider."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, Kept] = OrderedDict()

    def find(self, conversation: bytes) -> Kept | None:
        """What is remembered of a conversation."""
        return self._kept.get(conversation)

    def keep(self, conversation: bytes, kept: Kept) -> None:
        """Remembers who answered."""
        self._kept[conversation] = kept
        self._kept.move_to_end(conversation)
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)


def conversation_of(principal: Principal, session: bytes, envelope: Envelope) -> bytes:
    """Names a request's conversation, within its caller: by the session it states, else by how its prompt begins.

    A conversation is sent anew with every turn, so that all its requests are equal up to the first answer in them.
    """
    opening = session or _opening(envelope.body)
    digest = hashlib.blake2b(opening, key=principal.key_name.encode()[:64], digest_size=16)
    digest.update(envelope.model.encode())
    return digest.digest()


def _opening(body: bytes) -> bytes:
    """A request up to the end of what was said before the first answer: as long when there has been none yet."""
    ends = [end for answer in _ANSWERS if (end := body.find(answer, 0, OPENING_BYTES)) >= 0]
    if ends:
        return body[: body.rfind(b"}", 0, min(ends)) + 1 or min(ends)]
    if len(body) <= OPENING_BYTES:
        for member in members(body):
            if member.name in _TURNS:
                return body[: member.end].rstrip(b"] \t\r\n")
    return body[:OPENING_BYTES]

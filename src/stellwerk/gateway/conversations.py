"""Who answered a conversation's last turn: for strategies that keep it where the provider's prompt cache is warm."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from stellwerk.core.envelope import Envelope
from stellwerk.core.identity import Principal
from stellwerk.core.route import Kept

MOST = 50_000
"""So many conversations are remembered, the least recent ones forgotten first."""
OPENING_BYTES = 65_536
_ANSWERS = (b'"assistant"', b'"role":"model"', b'"role": "model"')


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
    if session:
        opening = session
    else:
        body = envelope.body
        ends = [end for answer in _ANSWERS if (end := body.find(answer, 0, OPENING_BYTES)) >= 0]
        opening = body[: min(ends, default=OPENING_BYTES)]
    digest = hashlib.blake2b(opening, key=principal.key_name.encode()[:64], digest_size=16)
    digest.update(envelope.model.encode())
    return digest.digest()

"""Log-probabilities on the way beside their text: tokens of text that was edited are dropped.

A token goes out only with the very bytes that it spells, so that one which does not match its text never tells of it.
"""

from __future__ import annotations

from collections import deque

from stellwerk.core.reply import TokenLogprob
from stellwerk.screening.holding import Piece

_TAIL_BYTES = 256
"""So much of what has gone out is remembered: a token that began in it may end later."""


class TokenTrail:
    """The tokens of one text, by their place in its bytes."""

    __slots__ = ("_fed", "_out", "_tail", "_told", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, bytes, TokenLogprob]] = deque()
        self._fed = 0  # bytes of text that have come
        self._told = 0  # bytes of tokens that have come
        self._out = 0  # bytes of text that have gone out
        self._tail = b""  # the last of them, back to the last edit

    def feed(self, text: str, tokens: tuple[TokenLogprob, ...]) -> None:
        """More text, with its tokens; a character's bytes may come in several tokens before it."""
        size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        if tokens:
            spelled = [_bytes(token) for token in tokens]
            ahead = self._told - self._fed
            if ahead < 0 or (text and ahead + sum(map(len, spelled)) != size):
                self._told = self._fed  # some tokens before had no text, or other text than they said
            for token, said in zip(tokens, spelled, strict=True):
                self._waiting.append((self._told, said, token))
                self._told += len(said)
        self._fed += size

    def take(self, piece: Piece) -> list[TokenLogprob]:
        """The tokens that go out with a piece of the text."""
        source = piece.source.encode("utf-8", "surrogatepass")
        start, self._out = self._out, self._out + len(source)
        taken: list[TokenLogprob] = []
        if piece.is_edit:
            self._tail = b""
            while self._waiting and self._waiting[0][0] < self._out:
                self._waiting.popleft()
            return taken
        known = self._tail + source
        since = start - len(self._tail)
        waiting = self._waiting
        while waiting and waiting[0][0] + len(waiting[0][1]) <= self._out:
            at, spelled, token = waiting.popleft()
            if at >= since and known[at - since : at - since + len(spelled)] == spelled:
                taken.append(token)
        self._tail = known[-_TAIL_BYTES:]
        return taken


def _bytes(token: TokenLogprob) -> bytes:
    return token.token.encode("utf-8", "surrogatepass") if token.utf8 is None else token.utf8

"""Writes the texts of a request in fewer tokens, as a worker would, and counts exactly what that saves.

What became of a text is remembered for later turns. Where the library is missing that counts, and until it has read its
vocabulary, savings are estimated: nobody waits for that.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from threading import Lock, Thread
from typing import TypeAlias

import msgspec

from stellwerk.compute.ticket import Ticket
from stellwerk.core.optimization import Outcome, shared
from stellwerk.core.optimization_job import answer, read_question
from stellwerk.core.snapshot import OptimizeSpec
from stellwerk.core.vocabulary import O200K
from stellwerk.optimizing.memo import Memo
from stellwerk.optimizing.requests import Key, changes
from stellwerk.optimizing.rewriting import Rewriter

LIBRARY = "quicktok"

_Count: TypeAlias = Callable[[str], int]


class Counter:
    """Who counts tokens, once the vocabulary has been read."""

    __slots__ = ("_count", "_is_read", "_lock")

    def __init__(self) -> None:
        self._count: _Count | None = None
        self._is_read = find_spec(LIBRARY) is None
        self._lock = Lock()

    def at_hand(self) -> _Count | None:
        """What counts, if it is there by now; the first who asks has it fetched."""
        with self._lock:
            is_first, self._is_read = not self._is_read, True
        if is_first:
            Thread(target=self.read, name="vocabulary", daemon=True).start()
        return self._count

    def read(self) -> None:
        """Reads the vocabulary, which takes half a second."""
        from quicktok import get_encoding

        count: _Count = get_encoding(O200K).count
        count("")
        self._count = count


_memo = Memo()
counter = Counter()


def run(payload: bytes, ticket: Ticket) -> bytes:
    """The changes of a body. Raises ``ValueError`` for what is no such question."""
    asked = read_question(payload)
    spec, count = asked.spec, counter.at_hand()
    is_exact = count is not None

    def find(key: Key, text: str, make: Callable[[], Outcome]) -> Outcome:
        ticket.check()
        return _memo.find((spec, is_exact, *key), lambda: _counted(text, make(), count))

    found = changes(asked.body, _rewriter(spec), find=find)
    return answer(msgspec.structs.replace(found, is_exact=is_exact))


@lru_cache(64)
def _rewriter(spec: OptimizeSpec) -> Rewriter:
    return Rewriter(spec.level, spec.steps, spec.min_tokens)


def _counted(text: str, outcome: Outcome, count: _Count | None) -> Outcome:
    """The outcome with what it saves as it was counted: the text must not depend on who counts."""
    if count is None or not outcome.saved:
        return outcome
    return Outcome(outcome.text, tuple(shared(dict(outcome.saved), count(text) - count(outcome.text)).items()))

"""Writes the texts of a request in fewer tokens, as a worker would, and counts exactly what that saves.

What became of a text is remembered for later turns. Where the library is missing that counts, savings are estimated.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec

import msgspec

from stellwerk.compute.ticket import Ticket
from stellwerk.core.optimization import Outcome, shared
from stellwerk.core.optimization_job import answer, read_question
from stellwerk.core.snapshot import OptimizeSpec
from stellwerk.core.vocabulary import O200K
from stellwerk.optimizing.memo import Memo
from stellwerk.optimizing.requests import Key, changes
from stellwerk.optimizing.rewriting import Rewriter

_memo = Memo()
_has_counter = find_spec("quicktok") is not None


def run(payload: bytes, ticket: Ticket) -> bytes:
    """The changes of a body. Raises ``ValueError`` for what is no such question."""
    asked = read_question(payload)
    spec = asked.spec
    rewriter = _rewriter(spec)

    def find(key: Key, text: str, make: Callable[[], Outcome]) -> Outcome:
        ticket.check()
        return _memo.find((spec, *key), lambda: _counted(text, make()))

    found = changes(asked.body, rewriter, find=find)
    return answer(msgspec.structs.replace(found, is_exact=_has_counter))


@lru_cache(64)
def _rewriter(spec: OptimizeSpec) -> Rewriter:
    return Rewriter(spec.level, spec.steps, spec.min_tokens)


def _counted(text: str, outcome: Outcome) -> Outcome:
    """The outcome with what it saves as it was counted: the text must not depend on who counts."""
    count = _counter() if outcome.saved else None
    if count is None:
        return outcome
    return Outcome(outcome.text, tuple(shared(dict(outcome.saved), count(text) - count(outcome.text)).items()))


@lru_cache(1)
def _counter() -> Callable[[str], int] | None:
    if not _has_counter:
        return None
    from quicktok import get_encoding

    count: Callable[[str], int] = get_encoding(O200K).count
    return count

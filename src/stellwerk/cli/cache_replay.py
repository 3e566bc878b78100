"""A semantic cache over traffic from a file: what it would have answered, in the order in which it was asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from stellwerk.compute.index.scope import Scope as Index
from stellwerk.compute.recollection import packed
from stellwerk.core.vector import HEAD_BYTES
from stellwerk.ports.embedder import Embedder
from stellwerk.semantic.cacheable import bypass_reason
from stellwerk.semantic.decision import Decision, decide
from stellwerk.semantic.equality import compare
from stellwerk.semantic.evidence import MOST, Candidate
from stellwerk.semantic.normal import normal_form
from stellwerk.semantic.threshold import Scope

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stellwerk.compute.index.rows import Whole

Tier = Literal["exact", "normalized", "semantic", "miss"]
_NEVER_MS = 2**41
_VECTORS = 20_000
"""Of answers, remembered."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of one request."""

    tier: Tier
    answered_by: str | None
    score: float
    """The chance that the answer is right: 1 of exact and normalised ones, 0 where there was no neighbour."""
    micros: int
    decision: Decision | None = None


class _Entry(msgspec.Struct):
    asked: str
    """The id of the request whose answer it is."""
    text: str
    answer: str
    group: str


class Replay:
    """Caches by scope, cold at first. ``coins`` gives the random numbers of the audits."""

    def __init__(self, embedder: Embedder, max_error_rate: float, coins: Callable[[], float]) -> None:
        self._embedder = embedder
        self._max_error_rate = max_error_rate
        self._coins = coins
        self._scopes: dict[str, _Partition] = {}
        self._answers: dict[str, NDArray[np.float32]] = {}

    def ask(self, asked: str, text: str, answer: str, scope: str = "") -> Outcome:
        """One request. ``answer`` is a fresh call's: stored on a miss, seen by audits, never by the decision."""
        partition = self._scopes.get(scope)
        if partition is None:
            learned = Scope(self._max_error_rate)
            partition = self._scopes[scope] = _Partition(learned, Index(b"replay", self._embedder.dimensions))
        before = time.perf_counter_ns()
        known = partition.exact.get(text)
        form = None if known else normal_form(text)
        found = known or partition.forms.get(form or "")
        if found is not None:
            partition.learned.known_hit()
            tier: Tier = "exact" if known else "normalized"
            return Outcome(tier, found.asked, 1.0, _micros(before))
        bypass = bypass_reason(text)
        vector = None if bypass else _whole(self._embedder, text)
        decision = None if vector is None else partition.decided(text, vector, self._coins())
        micros = _micros(before)
        if decision is None or decision.chosen is None:
            partition.keep(asked, text, answer, vector, self._group(partition, decision, answer))
            return Outcome("miss", None, 0.0, micros, decision)
        chosen = partition.entries[decision.chosen.entry]
        if not decision.is_hit or decision.is_audited:
            self._learn(partition, decision, answer, chosen)
            partition.keep(asked, text, answer, vector, self._group(partition, decision, answer))
        tier = "semantic" if decision.is_hit else "miss"
        return Outcome(tier, chosen.asked if decision.is_hit else None, decision.chance, micros, decision)

    def explained(self) -> dict[str, dict[str, object]]:
        """What each scope learned."""
        return {name: partition.learned.explained() for name, partition in self._scopes.items()}

    def _learn(self, partition: _Partition, decision: Decision, answer: str, chosen: _Entry) -> None:
        evidence = decision.evidence
        if evidence is None:
            return
        is_right = self._say_the_same(answer, chosen.answer)
        if is_right is None:
            return
        if partition.learned.label(evidence, is_right=is_right, is_audit=decision.is_hit):
            partition.learned.fit()

    def _group(self, partition: _Partition, decision: Decision | None, answer: str) -> str:
        """The group of neighbours that have this answer, or a new one."""
        for each in decision.judged if decision else ():
            neighbour = partition.entries[each.candidate.entry]
            if self._say_the_same(answer, neighbour.answer):
                return neighbour.group
        return f"{len(partition.entries)}"

    def _say_the_same(self, one: str, two: str) -> bool | None:
        return compare(one, two, lambda: float(self._vector(one) @ self._vector(two))).is_same

    def _vector(self, answer: str) -> NDArray[np.float32]:
        vector = self._answers.get(answer)
        if vector is None:
            if len(self._answers) >= _VECTORS:
                self._answers.clear()
            vector = self._answers[answer] = self._embedder.embed([answer])[0]
        return vector


class _Partition:
    """The entries of one scope, and what it learned."""

    def __init__(self, learned: Scope, index: Index) -> None:
        self.learned = learned
        self.index = index
        self.entries: dict[str, _Entry] = {}
        self.exact: dict[str, _Entry] = {}
        self.forms: dict[str, _Entry] = {}

    def decided(self, text: str, vector: Whole, coin: float) -> Decision:
        found = self.index.search(vector, MOST, 0)
        near = []
        for each in found:
            name = each.key.hex()
            entry = self.entries[name]
            near.append(Candidate(name, entry.text, entry.group, each.cosine))
        return decide(text, near, self.learned, coin)

    def keep(self, asked: str, text: str, answer: str, vector: Whole | None, group: str) -> None:
        entry = _Entry(asked, text, answer, group)
        self.exact[text] = entry
        self.forms[normal_form(text)] = entry
        if vector is not None:
            key = blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()
            self.entries[key.hex()] = entry
            self.index.add(key, vector, "", _NEVER_MS)


def _micros(before: int) -> int:
    return (time.perf_counter_ns() - before) // 1_000


def _whole(embedder: Embedder, text: str) -> Whole:
    """The vector as the index of the compute process is given it."""
    return np.frombuffer(packed(embedder, text), np.int8, offset=HEAD_BYTES)

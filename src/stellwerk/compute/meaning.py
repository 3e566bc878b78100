"""Decides for the cache's semantic tier, and holds what each of its scopes has learned.

What was learned lies in the state directory, a file for each scope, written anew whenever a threshold was fitted or a
scope switched itself off, and from time to time. A file that cannot be read is one that is not there: the scope begins
anew, at the threshold of the start.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from threading import Lock

import msgspec

from stellwerk.compute.recollection import Recollection, recollection
from stellwerk.core.meaning import (
    MOST_REJECTED,
    Consider,
    Considered,
    Evidence,
    Learn,
    Learned,
    Learner,
    Neighbour,
    Reject,
    Rejected,
)
from stellwerk.core.recollection import Forget, Recall
from stellwerk.semantic.cacheable import bypass_reason
from stellwerk.semantic.decision import AUDITED, Decision, decide
from stellwerk.semantic.equality import compare
from stellwerk.semantic.evidence import MOST, Candidate
from stellwerk.semantic.threshold import Scope, State

FOLDER = "meaning"
MOST_SCOPES = 512
MOST_GROUPED = 50_000
SAVE_EVERY = 20
"""Labels between two writes, whatever they lead to."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(State).decode


class _Held:
    """A scope in memory."""

    __slots__ = ("path", "scope", "unsaved")

    def __init__(self, scope: Scope, path: Path) -> None:
        self.scope = scope
        self.path = path
        self.unsaved = 0


class Meaning:
    """Answers the jobs ``consider``, ``learn`` and ``reject``. Threads share it."""

    def __init__(self, memory: Recollection) -> None:
        self._memory = memory
        self._lock = Lock()
        self._scopes: OrderedDict[bytes, _Held] = OrderedDict()
        self._answers: OrderedDict[bytes, bytes] = OrderedDict()
        """Entries that say the same as one before them, by their keys: what that one is called."""

    def consider(self, asked: Consider) -> Considered:
        """Whether an answer serves. Raises what ``recall`` raises."""
        why = bypass_reason(asked.text, earlier_turns=asked.earlier_turns)
        if why is not None:
            return Considered(self._memory.life, b"", why)
        vector, found = asked.vector, list[Candidate]()
        for scope in asked.scopes:
            told = self._memory.recall(Recall(asked.embedding, scope, asked.text, MOST, vector))
            vector = told.vector
            found += (
                Candidate(one.key.hex(), one.text, self._answers.get(one.key, one.key).hex(), one.cosine)
                for one in told.candidates
            )
        share = asked.audit_share
        with self._lock:
            held = self._held(asked.learner)
            for _ in range(min(asked.known_hits, 1_000)):
                held.scope.known_hit()
            decision = decide(asked.text, found, held.scope, asked.coin * AUDITED / share if share > 0.0 else 1.0)
        return self._told(vector, decision)

    def learn(self, told: Learn) -> Learned:
        """Takes note of whether an answer was, or would have been, right."""
        is_right = self._is_same(told)
        with self._lock:
            held = self._held(told.learner)
            if is_right is None:  # that is no label
                return Learned(None, held.scope.status)
            if told.key and told.near:
                group = self._answers.get(told.near, told.near)
                self._group(told.key, group if is_right else told.key)
            _label(held, told.evidence, is_right=is_right, is_audit=told.is_audit)
            return Learned(is_right, held.scope.status)

    def reject(self, told: Reject) -> Rejected:
        """Forgets an answer that is called bad and those that say the same, and learns that it was wrong.

        It is no audit: whoever complains is no sample, and one complaint is not to switch a scope off.
        """
        with self._lock:
            held = self._held(told.learner)
            group = self._answers.get(told.key, told.key)
            same = [key for key, name in self._answers.items() if name == group]
            keys = tuple(dict.fromkeys((told.key, group, *same)))[:MOST_REJECTED]
            for key in keys:
                self._answers.pop(key, None)
            if told.evidence is not None:
                _label(held, told.evidence, is_right=False, is_audit=False)
            status = held.scope.status
        self._memory.forget(Forget(keys=keys))
        return Rejected(keys, status)

    def explained(self, learner: Learner) -> dict[str, object]:
        """How a scope stands, in plain values."""
        with self._lock:
            return self._held(learner).scope.explained()

    # -- helpers

    def _told(self, vector: bytes, decision: Decision) -> Considered:
        chosen = decision.chosen
        return Considered(
            self._memory.life,
            vector,
            decision.reason,
            bytes.fromhex(chosen.entry) if chosen is not None else b"",
            decision.is_hit,
            decision.is_audited,
            decision.chance,
            decision.threshold,
            decision.bound,
            decision.evidence,
            tuple(
                Neighbour(
                    bytes.fromhex(one.candidate.entry),
                    one.candidate.cosine,
                    one.candidate.text,
                    tuple(f"{each.kind}: {each.detail}" for each in one.mismatches),
                )
                for one in decision.judged
            ),
        )

    def _is_same(self, told: Learn) -> bool | None:
        def cosine() -> float:
            known = told.cosine
            return self._memory.cosine(told.embedding, told.fresh, told.kept) if known is None else known

        return compare(told.fresh, told.kept, cosine).is_same

    def _group(self, key: bytes, group: bytes) -> None:
        if group == key:
            self._answers.pop(key, None)
            return
        self._answers[key] = group
        if len(self._answers) > MOST_GROUPED:
            self._answers.popitem(last=False)

    def _held(self, learner: Learner) -> _Held:
        name = blake2b(_encode(learner), digest_size=16).digest()
        held = self._scopes.get(name)
        if held is None:
            path = Path(learner.directory) / FOLDER / f"{learner.name.hex()}.msgpack"
            held = self._scopes[name] = _Held(Scope(learner.max_error_rate, _load(path)), path)
            if len(self._scopes) > MOST_SCOPES:
                _save(self._scopes.popitem(last=False)[1])
        self._scopes.move_to_end(name)
        return held


@lru_cache(maxsize=1)
def meaning() -> Meaning:
    """The one of this process."""
    return Meaning(recollection())


def _label(held: _Held, evidence: Evidence, *, is_right: bool, is_audit: bool) -> None:
    before = held.scope.status
    if held.scope.label(evidence, is_right=is_right, is_audit=is_audit):
        held.scope.fit()
        held.unsaved = SAVE_EVERY
    held.unsaved += 1
    if held.unsaved >= SAVE_EVERY or held.scope.status != before:
        _save(held)


def _load(path: Path) -> State | None:
    try:
        state: State = _decode(path.read_bytes())
    except (OSError, ValueError):
        return None
    return state


def _save(held: _Held) -> None:
    """Writes what was learned; if that cannot be, it is tried again later."""
    held.unsaved = 0
    path = held.path
    beside = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        beside.write_bytes(_encode(held.scope.state()))
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink()

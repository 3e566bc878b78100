"""The jobs of deciding whether a kept answer serves another question, and of learning from what was right.

The compute process holds what each scope has learned, and keeps it in files of the state directory.
"""

from __future__ import annotations

import msgspec

from stellwerk.core.cached import KEY_BYTES
from stellwerk.core.recollection import MOST_TEXT_BYTES, Embedding

CONSIDER = "consider"
LEARN = "learn"
REJECT = "reject"
MOST_REJECTED = 32
"""Answers that go because they say the same as one that is called bad."""
MOST_ANSWER_BYTES = 262_144
"""Longer answers are compared by their beginnings."""

Evidence = tuple[float, float, float, float]


class Learner(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Who learns: the model of a tenant by a digest, where its state lies, and what it may get wrong."""

    name: bytes
    directory: str
    max_error_rate: float


class Consider(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Is there an answer in these scopes for ``text``, the last turn behind so many others.

    ``coin`` is uniform in [0, 1): below ``audit_share`` a hit is audited. ``known_hits`` are those that other tiers
    have had since the last question. ``vector`` (packed) is the text's, where the asker has it.
    """

    embedding: Embedding
    learner: Learner
    scopes: tuple[bytes, ...]
    text: str
    earlier_turns: int
    coin: float
    audit_share: float
    known_hits: int = 0
    vector: bytes = b""


class Neighbour(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An entry that was looked at, and why it was not served."""

    key: bytes
    cosine: float
    text: str
    differs: tuple[str, ...] = ()


class Considered(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What was decided, and why. ``key`` is the entry whose answer serves, or would have; empty without one.

    ``evidence`` is to be handed back once it is known whether that answer was right.
    """

    life: bytes
    vector: bytes
    reason: str
    key: bytes = b""
    is_hit: bool = False
    is_audited: bool = False
    chance: float = 0.0
    threshold: float = 1.0
    bound: float = 1.0
    evidence: Evidence | None = None
    neighbours: tuple[Neighbour, ...] = ()


class Learn(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A fresh answer beside the one that was served, or might have been.

    ``key`` is the entry of the fresh answer, empty where it is not kept; ``near`` that of the other one. ``cosine`` is
    that of the answers' vectors, where the asker has them.
    """

    embedding: Embedding
    learner: Learner
    evidence: Evidence
    is_audit: bool
    fresh: str
    kept: str
    key: bytes = b""
    near: bytes = b""
    cosine: float | None = None


class Learned(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Whether they were the same, ``None`` where that cannot be told, and how the scope stands now."""

    is_right: bool | None
    status: str


class Reject(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Somebody calls the answer of an entry bad. With ``evidence`` it had been served for another question."""

    learner: Learner
    key: bytes
    evidence: Evidence | None = None


class Rejected(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The entries whose answers say the same, that one among them, and how the scope stands now."""

    keys: tuple[bytes, ...]
    status: str


_encode = msgspec.msgpack.Encoder().encode
_consider = msgspec.msgpack.Decoder(Consider).decode
_considered = msgspec.msgpack.Decoder(Considered).decode
_learn = msgspec.msgpack.Decoder(Learn).decode
_learned = msgspec.msgpack.Decoder(Learned).decode
_reject = msgspec.msgpack.Decoder(Reject).decode
_rejected = msgspec.msgpack.Decoder(Rejected).decode


def written(message: Consider | Considered | Learn | Learned | Reject | Rejected) -> bytes:
    """A question or an answer as bytes. Raises ``ValueError`` for text that UTF-8 cannot hold."""
    return _encode(message)


def read_consider(payload: bytes) -> Consider:
    """What is asked. Raises ``ValueError`` for what is no such question."""
    asked = _consider(payload)
    _check(asked.learner)
    if not 0 < len(asked.scopes) <= 4 or any(len(scope) != KEY_BYTES for scope in asked.scopes):
        raise ValueError("no scopes to look in")
    if not asked.text or len(asked.text.encode()) > MOST_TEXT_BYTES:
        raise ValueError("a text that is empty or too long")
    return asked


def read_learn(payload: bytes) -> Learn:
    """What is told. Raises ``ValueError`` for what is no such thing."""
    told = _learn(payload)
    _check(told.learner)
    return told


def read_considered(payload: bytes) -> Considered:
    """What was decided. Raises ``ValueError`` for what is no answer."""
    return _considered(payload)


def read_learned(payload: bytes) -> Learned:
    """What was learned. Raises ``ValueError`` for what is no answer."""
    return _learned(payload)


def read_reject(payload: bytes) -> Reject:
    """What is called bad. Raises ``ValueError`` for what is no such thing."""
    told = _reject(payload)
    _check(told.learner)
    if len(told.key) != KEY_BYTES:
        raise ValueError(f"a key of {len(told.key)} bytes")
    return told


def read_rejected(payload: bytes) -> Rejected:
    """What goes with it. Raises ``ValueError`` for what is no answer."""
    return _rejected(payload)


def _check(learner: Learner) -> None:
    if len(learner.name) != KEY_BYTES:
        raise ValueError(f"a name of {len(learner.name)} bytes")
    if not 0.0 < learner.max_error_rate < 1.0:
        raise ValueError(f"an error rate of {learner.max_error_rate}")

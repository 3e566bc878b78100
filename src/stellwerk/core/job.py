"""Jobs for the compute process: what is said between it and those who ask, in frames of a length and a msgpack value.

The length is four bytes, the most significant first. Values are arrays that begin with their tag and hold nothing but
numbers, strings and bytes: no code, no objects. Who sends anything else is not listened to any further.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

VERSION: Final = 1
"""Of all this. It stands in the name of the socket, so that peers of two versions never meet."""
MAX_FRAME_BYTES: Final = 16_777_216
_HEAD_BYTES: Final = 4

UNKNOWN = "unknown_job"
"""There is no such job here, or what it needs is not installed."""
FULL = "full"
"""More jobs wait already than may."""
LATE = "late"
"""The job was not done in time."""
FAILED = "failed"
"""The job could not be done: what it was given is not what it takes, or it has a defect."""
AWAY = "away"
"""The compute process has ended, or was never there."""


class BadFrame(Exception):
    """What was received is no frame of this protocol."""


class Asked(msgspec.Struct, frozen=True, array_like=True, tag="ask", gc=False):
    """A job to be done within so many milliseconds. ``number`` is the asker's own, for the answer."""

    number: int
    job: str
    payload: bytes
    timeout_ms: int


class Dropped(msgspec.Struct, frozen=True, array_like=True, tag="drop", gc=False):
    """Nobody waits for a job any more."""

    number: int


class Done(msgspec.Struct, frozen=True, array_like=True, tag="done", gc=False):
    """What came of a job, the microseconds that it took, and how many jobs were waiting then."""

    number: int
    payload: bytes
    took_us: int
    waiting: int


class Undone(msgspec.Struct, frozen=True, array_like=True, tag="undone", gc=False):
    """Nothing came of a job: one of the codes of this module, and a reason for people."""

    number: int
    code: str
    reason: str
    waiting: int


Question: TypeAlias = Asked | Dropped
Answer: TypeAlias = Done | Undone

_encode = msgspec.msgpack.Encoder().encode
_read_question = msgspec.msgpack.Decoder(Question).decode
_read_answer = msgspec.msgpack.Decoder(Answer).decode


def frame(message: Question | Answer) -> bytes:
    """The frame of a message. Raises ``BadFrame`` when it would be longer than the other end takes."""
    content = _encode(message)
    if len(content) > MAX_FRAME_BYTES:
        raise BadFrame(f"{len(content)} bytes are more than a frame may have")
    return len(content).to_bytes(_HEAD_BYTES) + content


def question(content: bytes) -> Question:
    """What an asker has said. Raises ``BadFrame``."""
    try:
        told: Question = _read_question(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadFrame(f"no question: {error}") from None
    return told


def answer(content: bytes) -> Answer:
    """What the compute process has said. Raises ``BadFrame``."""
    try:
        told: Answer = _read_answer(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadFrame(f"no answer: {error}") from None
    return told


class Unframer:
    """Takes what comes off a socket apart. It holds at most one frame, and what came with it."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The contents of all frames that are whole now. Raises ``BadFrame`` for a length that no frame has."""
        held = self._held
        held += data
        found, at = [], 0
        while len(held) - at >= _HEAD_BYTES:
            size = int.from_bytes(held[at : at + _HEAD_BYTES])
            if size > MAX_FRAME_BYTES:
                raise BadFrame(f"a frame of {size} bytes")
            end = at + _HEAD_BYTES + size
            if len(held) < end:
                break
            found.append(bytes(held[at + _HEAD_BYTES : end]))
            at = end
        del held[:at]
        return found

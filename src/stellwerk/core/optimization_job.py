"""The job of optimizing a request's body, as it is asked of the compute process and answered."""

from __future__ import annotations

import msgspec

from stellwerk.core.snapshot import OptimizeSpec

JOB = "optimize"


class Asked(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A JSON body of a dialect, and what may happen to it."""

    spec: OptimizeSpec
    body: bytes


class Changes(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Edits of the body, and what they save."""

    edits: tuple[tuple[int, int, bytes], ...] = ()
    """From, to, and what stands there instead; they do not overlap."""
    saved: dict[str, int] = {}
    """Tokens, by step."""
    repeated: int = 0
    """How many of them were saved in what an earlier turn has sent as well, and providers may have in their caches."""
    is_exact: bool = False
    """Whether they were counted, in o200k_base, and not estimated."""

    @property
    def tokens(self) -> int:
        """All that was saved."""
        return sum(self.saved.values())


question = msgspec.msgpack.Encoder().encode
read_question = msgspec.msgpack.Decoder(Asked).decode
answer = msgspec.msgpack.Encoder().encode
_read = msgspec.msgpack.Decoder(Changes).decode


def read_answer(payload: bytes, size: int) -> Changes:
    """What was answered about a body of so many bytes. Raises ``ValueError`` for what is no answer to that."""
    told = _read(payload)
    at = 0
    for start, end, _ in told.edits:
        if not at <= start <= end <= size:
            raise ValueError("edits that do not fit the body")
        at = end
    return told

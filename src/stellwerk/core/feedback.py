"""What a caller says of an answer."""

from __future__ import annotations

import msgspec

GOOD, BAD = 1, -1


class Feedback(msgspec.Struct, frozen=True, gc=False):
    """One request has one: what was said of it last. ``value`` is ``GOOD`` or ``BAD``, ``at_ms`` Unix time.

    ``key_name`` is the caller's, who may be another one of the same team.
    """

    request_id: str
    at_ms: int
    key_name: str
    value: int
    comment: str = ""

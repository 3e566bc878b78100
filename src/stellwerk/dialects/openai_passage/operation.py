"""The operations that are passed through, by their paths below ``/v1``."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

FILES = "openai_files"
BATCHES = "openai_batches"
STORED = "openai_stored_responses"
TUNING = "openai_fine_tuning"
IMAGES = "openai_images"
AUDIO = "openai_audio"
DIALECTS = frozenset({FILES, BATCHES, STORED, TUNING, IMAGES, AUDIO})
"""Names under which these requests go on record."""


class Operation(msgspec.Struct, frozen=True):
    """What may be done at a path. ``is_collection``: what a GET lists belongs to many, each of whom sees his own.

    ``is_kept``: what is made here is kept by the host, under an id that is handed out.
    """

    dialect: str
    methods: frozenset[bytes]
    is_collection: bool = False
    is_kept: bool = True


class Place(msgspec.Struct, frozen=True):
    """A path: its operation, and what stands before, in and after the id in it."""

    operation: Operation
    before: str
    id: str = ""
    after: str = ""


def find(path: str) -> Place | None:
    """The operation at a path such as ``/v1/files/file-1/content``; ``None`` where none is."""
    for pattern, operation in _TABLE:
        found = pattern.fullmatch(path)
        if found is not None:
            groups = found.groups("")
            before = groups[0] + "/" if len(groups) > 1 else groups[0]
            return Place(operation, before, *groups[1:])
    return None


def _row(pattern: str, dialect: str, methods: Iterable[bytes], **rest: bool) -> tuple[re.Pattern[str], Operation]:
    return re.compile(f"/v1{pattern}"), Operation(dialect, frozenset(methods), **rest)


_ID = r"/([^/?#]{1,4200})"
_TABLE = (
    _row(r"(/files)", FILES, (b"GET", b"POST"), is_collection=True),
    _row(rf"(/files){_ID}", FILES, (b"GET", b"DELETE")),
    _row(rf"(/files){_ID}(/content)", FILES, (b"GET",)),
    _row(r"(/batches)", BATCHES, (b"GET", b"POST"), is_collection=True),
    _row(rf"(/batches){_ID}", BATCHES, (b"GET",)),
    _row(rf"(/batches){_ID}(/cancel)", BATCHES, (b"POST",)),
    _row(rf"(/responses){_ID}", STORED, (b"GET", b"DELETE")),
    _row(rf"(/responses){_ID}(/input_items)", STORED, (b"GET",)),
    _row(rf"(/responses){_ID}(/cancel)", STORED, (b"POST",)),
    _row(r"(/fine_tuning/jobs)", TUNING, (b"GET", b"POST"), is_collection=True),
    _row(rf"(/fine_tuning/jobs){_ID}", TUNING, (b"GET",)),
    _row(rf"(/fine_tuning/jobs){_ID}(/(?:cancel|pause|resume))", TUNING, (b"POST",)),
    _row(rf"(/fine_tuning/jobs){_ID}(/(?:events|checkpoints))", TUNING, (b"GET",)),
    _row(r"(/images/(?:generations|edits|variations))", IMAGES, (b"POST",), is_kept=False),
    _row(r"(/audio/(?:speech|transcriptions|translations))", AUDIO, (b"POST",), is_kept=False),
)

"""What the gateway reads of a multipart body (RFC 7578): the field ``model``, and where the file of a batch stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from stellwerk.errors import InvalidRequest

Span: TypeAlias = tuple[int, int]
"""From where to where something stands in a body."""


class Part(NamedTuple):
    """One part of a form: its name, where its content stands, and its head, which says whether it is a file."""

    name: str
    span: Span
    head: bytes

    @property
    def is_file(self) -> bool:
        """Whether it is a file's content and not a field's value."""
        return _FILENAME.search(self.head) is not None


_BOUNDARY = re.compile(rb'boundary=(?:"([^"\r\n]{1,70})"|([^\s";,]{1,70}))', re.IGNORECASE)
_DISPOSITION = rb"content-disposition:[^\r\n]*;[ \t]*name=\"?%b\"?[ \t]*(?:;[^\r\n]*)?(?:\r\n|$)"
_MODEL = re.compile(_DISPOSITION % b"model", re.IGNORECASE)
_PURPOSE = re.compile(_DISPOSITION % b"purpose", re.IGNORECASE)
# A part's head as every client writes it, so that no two readers can take it for two things.
_PLAIN_HEAD = re.compile(
    rb'\r\ncontent-disposition: ?form-data; ?name="([\w.\[\]-]+)"'
    rb'(?:; ?filename="[^"\\\r\n]*"|; ?filename\*=[^";\r\n]*)*'
    rb"(?:\r\ncontent-type:[^\r\n]*|\r\ncontent-length: ?\d+)*",
    re.IGNORECASE,
)
_FILENAME = re.compile(rb";[ \t]*filename\*?=", re.IGNORECASE)
_MOST_PARTS = 1_000


def find_model(body: bytes, content_type: bytes) -> Span | None:
    """Where the value of the field ``model`` stands; ``None`` where there is none.

    Raises ``InvalidRequest`` for a body without its boundary, with two such fields, or with more than 1,000 parts.
    """
    return _find(body, _delimiter(body, content_type), _MODEL, "model")


def find_batch_file(body: bytes, content_type: bytes) -> Span | None:
    """Where the file stands that is uploaded for a batch; ``None`` where it has another purpose.

    Raises ``InvalidRequest`` as above, and for a form that two readers might take for two things: what was judged has
    to be what is read.
    """
    delimiter = _delimiter(body, content_type)
    purpose = _find(body, delimiter, _PURPOSE, "purpose")
    if purpose is None or body[slice(*purpose)].strip().lower() != b"batch":
        return None
    fields: dict[bytes, Span] = {}
    end = 0
    for start, end in _parts(body, delimiter):
        head_end = body.find(b"\r\n\r\n", start, end)
        head = _PLAIN_HEAD.fullmatch(body, start, head_end) if head_end >= 0 else None
        if head is None or head[1] in fields:
            raise _unclear(len(fields) + 1)
        fields[head[1]] = span = head_end + 4, end
        if head[1] != b"file" and body.find(b"\n", *span) >= 0:
            raise _unclear(len(fields))
    if body[end:].rstrip(b"\r\n") != b"\r\n" + delimiter + b"--":
        raise InvalidRequest("The multipart body does not end with its boundary.")
    if b"model" in fields:
        raise InvalidRequest("A batch names its models in the lines of its file.", param="model")
    if b"file" not in fields:
        raise InvalidRequest("Missing required parameter: 'file'.", param="file")
    return fields[b"file"]


def plain_parts(body: bytes, content_type: bytes) -> list[Part] | None:
    """The parts of a form; ``None`` where two readers might take it for two things.

    Raises ``InvalidRequest`` for a body without its boundary, or with more than 1,000 parts.
    """
    delimiter = _delimiter(body, content_type)
    found: list[Part] = []
    end = 0
    for start, end in _parts(body, delimiter):
        head_end = body.find(b"\r\n\r\n", start, end)
        head = _PLAIN_HEAD.fullmatch(body, start, head_end) if head_end >= 0 else None
        if head is None:
            return None
        found.append(Part(head[1].decode(), (head_end + 4, end), head[0]))
    return found if body[end:].rstrip(b"\r\n") == b"\r\n" + delimiter + b"--" else None


def _find(body: bytes, delimiter: bytes, name: re.Pattern[bytes], told: str) -> Span | None:
    span: Span | None = None
    for start, end in _parts(body, delimiter):
        head_end = body.find(b"\r\n\r\n", start, end)
        if head_end >= 0 and name.search(body, start, head_end) is not None:
            if span is not None:
                raise InvalidRequest(f"Duplicate parameter: '{told}'.", param=told)
            span = head_end + 4, end
    return span


def _delimiter(body: bytes, content_type: bytes) -> bytes:
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise InvalidRequest("The multipart body's content type names no boundary.")
    delimiter = b"--" + (found[1] or found[2])
    if not body.startswith(delimiter):
        raise InvalidRequest("The multipart body does not begin with its boundary.")
    return delimiter


def _parts(body: bytes, delimiter: bytes) -> Iterator[Span]:
    """Each part, from behind the delimiter before it to the line break before the next one."""
    at = len(delimiter)
    for _ in range(_MOST_PARTS):
        end = body.find(b"\r\n" + delimiter, at)
        if end < 0:
            return
        yield at, end
        at = end + 2 + len(delimiter)
    raise InvalidRequest(f"The multipart body has more than {_MOST_PARTS} parts.")


def _unclear(number: int) -> InvalidRequest:
    return InvalidRequest(f"Part {number} of the multipart body is not written as a form for a batch's file has to be.")

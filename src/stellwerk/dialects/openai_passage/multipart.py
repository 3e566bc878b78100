"""The one part of a multipart body that the gateway reads: the field ``model`` (RFC 7578)."""

from __future__ import annotations

import re

from stellwerk.errors import InvalidRequest

_BOUNDARY = re.compile(rb'boundary=(?:"([^"\r\n]{1,70})"|([^\s";,]{1,70}))', re.IGNORECASE)
_NAME = re.compile(rb'content-disposition:[^\r\n]*;[ \t]*name="?model"?[ \t]*(?:;[^\r\n]*)?(?:\r\n|$)', re.IGNORECASE)
_MOST_PARTS = 1_000


def find_model(body: bytes, content_type: bytes) -> tuple[int, int] | None:
    """Where the value of the field ``model`` stands; ``None`` where there is none.

    Raises ``InvalidRequest`` for a body without its boundary, with two such fields, or with more than 1,000 parts.
    """
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise InvalidRequest("The multipart body's content type names no boundary.")
    delimiter = b"--" + (found[1] or found[2])
    if not body.startswith(delimiter):
        raise InvalidRequest("The multipart body does not begin with its boundary.")
    span: tuple[int, int] | None = None
    at = len(delimiter)
    for _ in range(_MOST_PARTS):
        end = body.find(b"\r\n" + delimiter, at)
        if end < 0:
            return span
        head_end = body.find(b"\r\n\r\n", at, end)
        if head_end >= 0 and _NAME.search(body, at, head_end) is not None:
            if span is not None:
                raise InvalidRequest("Duplicate parameter: 'model'.", param="model")
            span = head_end + 4, end
        at = end + 2 + len(delimiter)
    raise InvalidRequest(f"The multipart body has more than {_MOST_PARTS} parts.")

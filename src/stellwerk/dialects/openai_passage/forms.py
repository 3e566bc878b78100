"""The texts of a form: values of its fields, and those of the requests in a batch's file, line by line.

What stands in another file is not read, nor is a form that two readers might take for two things, nor one with more
than can be judged while its sender waits.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from stellwerk.core.subject import Speaker
from stellwerk.dialects import json_splice
from stellwerk.dialects.openai_passage.multipart import Part, plain_parts
from stellwerk.dialects.utterances import Utterance, utterances
from stellwerk.errors import InvalidRequest

MOST_TEXTS = 20_000
MOST_CHARACTERS = 2_000_000
"""Of all texts of a form together."""
MOST_BYTES = 16_777_216
"""Of a batch's file."""
UNREAD = "unread"
TOO_LONG = "too long"

_NO_TEXT = frozenset({"model", "purpose"})
"""Fields that name something, which an edit would only spoil."""


class _Line(msgspec.Struct, gc=False):
    body: dict[str, msgspec.Raw]


_decode = msgspec.json.Decoder(_Line).decode


class Form:
    """One form on its way to be read. Afterwards ``unread`` says why not all of it was; it is empty where it was."""

    __slots__ = ("_body", "_content_type", "_left", "requests", "texts", "unread")

    def __init__(self, body: bytes, content_type: bytes) -> None:
        self._body = body
        self._content_type = content_type
        self._left = MOST_CHARACTERS
        self.texts: list[Utterance] = []
        """Where they stand in the body, in its order."""
        self.requests: list[bytes] = []
        """Those of a batch's file that were read since this was emptied last."""
        self.unread = ""

    def read(self) -> Iterator[None]:
        """Reads it, in steps of a line or a field. Raises ``InvalidRequest`` for a body that is no form."""
        parts = plain_parts(self._body, self._content_type)
        if parts is None:
            self.unread = UNREAD
            return
        is_batch = any(part.name == "purpose" and self._value(part).strip().lower() == b"batch" for part in parts)
        for part in parts:
            if not part.is_file:
                self._field(part)
                yield
            elif is_batch and part.name == "file":
                yield from self._lines(part)
            else:
                self.unread = self.unread or UNREAD
            if self.unread == TOO_LONG:
                self.texts.clear()
                return

    def _value(self, part: Part) -> bytes:
        return self._body[slice(*part.span)]

    def _field(self, part: Part) -> None:
        if part.name in _NO_TEXT:
            return
        start, end = part.span
        if end - start > 4 * MOST_CHARACTERS:  # no character has more bytes
            self.unread = TOO_LONG
            return
        try:
            text = self._value(part).decode()
        except UnicodeDecodeError:
            self.unread = UNREAD
            return
        if text:
            group = len(self.texts)
            self._take((Utterance(text, start, end, Speaker.USER, part.name, group, is_raw=True),))

    def _lines(self, part: Part) -> Iterator[None]:
        at, until = part.span
        if until - at > MOST_BYTES:
            self.unread = TOO_LONG
        while at < until and self.unread != TOO_LONG:
            end = self._body.find(b"\n", at, until)
            end = until if end < 0 else end
            if self._body[at:end].strip():
                self._line(at, end)
                yield
            at = end + 1

    def _line(self, start: int, end: int) -> None:
        """The texts of one request."""
        line = self._body[start:end]
        try:
            _decode(line)
            where = json_splice.locate(line, "body")
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, InvalidRequest):
            self.unread = UNREAD
            return
        request = line[where.start : where.end]
        self.requests.append(request)
        shift = start + where.start
        self._take(
            tuple(
                msgspec.structs.replace(one, start=one.start + shift, end=one.end + shift)
                for one in utterances(request)
            )
        )

    def _take(self, texts: tuple[Utterance, ...]) -> None:
        self._left -= sum(len(one.text) for one in texts)
        self.texts += texts
        if self._left < 0 or len(self.texts) > MOST_TEXTS:
            self.unread = TOO_LONG

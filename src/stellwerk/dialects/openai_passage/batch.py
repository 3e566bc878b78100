"""The file of a batch: each line is a request, whose model is looked at and whose ids are opened like anyone else's."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec

from stellwerk.core.sealed_id import MARK
from stellwerk.dialects import json_splice, openai_ids
from stellwerk.dialects.openai_passage.multipart import Span
from stellwerk.errors import InvalidRequest, NotFound

MOST_LINES = 100_000
"""The most that any host takes."""

_MARK = MARK.encode()
_SPACES = b" \t\r"
_PLAIN = re.compile(rb'"model"[ \t]*+:[ \t]*+("[^"\\]*+")')


class _Request(msgspec.Struct, gc=False):
    model: str = ""


class _Line(msgspec.Struct, gc=False):
    body: _Request


class _Named(msgspec.Struct, frozen=True, gc=False):
    """A line's model: the line's span in the body, the line where it was changed, and the model's span within it."""

    start: int
    end: int
    changed: bytes | None
    model_start: int
    model_end: int
    model: str


_decode = msgspec.json.Decoder(_Line).decode


class BatchFile:
    """Reads a file piece by piece. ``opened`` tells by a field's name and an id what a sealed id stands for."""

    __slots__ = ("_at", "_body", "_end", "_named", "_number", "_opened", "first_lines")

    def __init__(self, body: bytes, span: Span, opened: Callable[[str, str], str]) -> None:
        self._body = body
        self._at, self._end = span
        self._opened = opened
        self._named: list[_Named] = []
        self._number = 0
        self.first_lines: dict[str, int] = {}
        """The models that are named, each with the number of the first line that does."""

    def read(self, most_bytes: int) -> bool:
        """Reads as many bytes more, in whole lines; returns whether there are more.

        Raises ``InvalidRequest`` for a line that is no request or names no model, and for too many of them, and
        ``NotFound`` for an id that was not handed out to who asks.
        """
        body, until = self._body, min(self._at + most_bytes, self._end)
        while self._at < until:
            start, self._number = self._at, self._number + 1
            end = body.find(b"\n", start, self._end)
            end = self._end if end < 0 else end
            self._at = end + 1
            line = body[start:end]
            if line.strip(_SPACES):
                if len(self._named) == MOST_LINES:
                    raise InvalidRequest(f"A batch's file has at most {MOST_LINES} lines.", param="file")
                self._named.append(self._read_line(start, end, line))
        return self._at < self._end

    def under(self, models: Mapping[str, str]) -> bytes:
        """The body with other names for the models, and with opened ids."""
        edits: list[json_splice.Edit] = []
        names = {model: msgspec.json.encode(name) for model, name in models.items()}
        for line in self._named:
            name = names[line.model]
            if line.changed is not None:
                edit = line.changed[: line.model_start] + name + line.changed[line.model_end :]
                edits.append((line.start, line.end, edit))
            elif models[line.model] != line.model:
                edits.append((line.start + line.model_start, line.start + line.model_end, name))
        return json_splice.splice(self._body, edits) if edits else self._body

    def _read_line(self, start: int, end: int, line: bytes) -> _Named:
        try:
            changed = self._with_opened_ids(line)
            model_start, model_end, model = _model(line if changed is None else changed)
        except (InvalidRequest, NotFound) as error:
            message = f"Line {self._number} of the file: {error.message}"
            raise type(error)(message, param="file") from None
        self.first_lines.setdefault(model, self._number)
        return _Named(start, end, changed, model_start, model_end, model)

    def _with_opened_ids(self, line: bytes) -> bytes | None:
        raw = openai_ids.first_unsealed(line)
        if raw is not None:
            self._opened(raw, "")
        opened = openai_ids.unseal(line, self._opened) if line.find(_MARK) >= 0 else line
        return None if opened is line else opened


def _model(line: bytes) -> tuple[int, int, str]:
    """Where the request's model stands in a line, and its name. Raises ``InvalidRequest``."""
    try:
        found = _decode(line).body.model
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"It is not a JSON object with a request as its 'body': {error}.") from None
    if not found:
        raise InvalidRequest("Missing required parameter: 'model'.")
    plain = _PLAIN.search(line) if line.count(b'"body"') == line.count(b'"model"') == 1 else None
    if plain is not None and b"\\u00" not in line:  # each stands there once, however it may be spelled
        return *plain.span(1), found
    request = json_splice.locate(line, "body")
    asked = line[request.start : request.end]
    model = json_splice.locate(asked, "model")
    return request.start + model.start, request.start + model.end, found

"""Where ids of things that a host keeps stand in bodies of OpenAI's dialects, and how others are put in their place.

Both ways work on the original bytes: a name or id within quotation marks that are not escaped is one of the body's own
strings, never a part of what somebody said.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from stellwerk.core.sealed_id import MARK

_MARK = MARK.encode()
_NAMING = (b"id", b"ids", b"_file", b"_files")
"""How members end that name things; what stands in a list alone may be such a name too."""
_SPACE = rb"[ \t\r\n]*+"
_SEALED = re.compile(rb'(?:"(\w{1,64})"%b:%b\[?%b)?"((?:[a-z]{1,16}[-_])?sw_[\w-]{1,4200})"' % (_SPACE, _SPACE, _SPACE))
_NAMES = (b"previous_response_id", b"input_file_id", b"training_file", b"validation_file", b"file_id")
_RAW = re.compile(rb'"(%b)"%b:%b"([^"\\]{1,512})"' % (b"|".join(_NAMES), _SPACE, _SPACE))
_HANDED_OUT = re.compile(
    rb'("(?:id|previous_response_id|response_id|file_id)"%b:%b")((?:resp_|file-|conv_)[\w.:-]{1,512})"'
    % (_SPACE, _SPACE)
)


def unseal(body: bytes, opened: Callable[[str, str], str]) -> bytes:
    """The body with what sealed ids stand for, which ``opened`` tells by a field's name and an id.

    The same object where there are none.
    """

    def put(found: re.Match[bytes]) -> bytes:
        name, sealed = found[1] or b"id", found[2]
        if not name.endswith(_NAMING):  # somebody's words
            return found[0]
        original = opened(name.decode(), sealed.decode())
        return found[0][: -len(sealed) - 2] + msgspec.json.encode(original)

    return _SEALED.sub(put, body) if body.find(_MARK) >= 0 else body


def first_unsealed(body: bytes) -> str | None:
    """The first field that names a thing by an id that was never handed out; ``None`` when there is none."""
    if body.find(b"\\u00") < 0 and all(body.find(name) < 0 for name in _NAMES):
        return None
    if body.find(b"\\u00") >= 0:  # names may be spelled with escapes
        told = _first_raw(_plain(body))
        if told is not None:
            return told
    return _first_raw(body)


def _first_raw(body: bytes) -> str | None:
    for found in _RAW.finditer(body):
        if _SEALED.fullmatch(b'"' + found[2] + b'"') is None:
            return found[1].decode()
    return None


def _plain(body: bytes) -> bytes:
    """The same JSON without escapes that are not needed."""
    try:
        return msgspec.json.encode(msgspec.json.decode(body))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return b""  # half a character or worse: its provider will say so


def seal(body: bytes, sealed: Callable[[str], str]) -> bytes:
    """A reply or event with sealed ids for what its host calls by its own. The same object where there are none."""
    if body.find(b'"resp_') < 0 and body.find(b'"file-') < 0 and body.find(b'"conv_') < 0:
        return body
    return _HANDED_OUT.sub(lambda found: found[1] + sealed(found[2].decode()).encode() + b'"', body)

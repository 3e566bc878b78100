"""Every text of a JSON body that a model may read, whose words it is, and where it stands in the bytes.

One walk serves all dialects, for they name things alike: what is not known to be something else is taken for text, so
that members of later versions are looked at as well. Texts may then be replaced in the original bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

import msgspec

from stellwerk.core.subject import Speaker
from stellwerk.dialects.json_splice import Edit, splice
from stellwerk.errors import PayloadTooLarge

MOST_TOKENS = 400_000
"""Strings and brackets of one body: more would keep all others waiting for more than a fifth of a second."""

_TOKEN = re.compile(
    rb'("[^"\\]*+(?:\\.[^"\\]*+)*+")([ \t\r\n]*+:)?|[\[{\]}]|(?<![\d.eE+-])(\d{7,}+)(?![.eE])', re.DOTALL
)
_BASE64 = re.compile(rb'"[A-Za-z0-9+/_=-]{64,}+"')
_DATA_URL = re.compile(rb'"data:([\w.+-]+/[\w.+-]+)?(?:;[\w.+-]+=[\w.+-]+)*;base64,[A-Za-z0-9+/_=-]*+"')
_TEXTUAL = re.compile(r"text/|application/(?:json|xml|yaml|x-ndjson|csv)|(?:csv|html|md|txt)$")

_WORDS = """
role type model id object call_id tool_call_id tool_use_id toolUseId signature thoughtSignature thought_signature
encrypted_content media_type mediaType mimeType mime_type format detail previous_response_id service_tier status
finish_reason stop_reason stopReason finishReason ttl encoding_format reasoning_effort verbosity file_id fileUri
file_uri response_id item_id created_at serviceTier system_fingerprint voice
"""
_NO_TEXT = frozenset(_WORDS.split())
"""Members whose strings are words of the dialect, names and codes."""
_CONTENTS = frozenset({"data", "bytes", "file_data", "b64_json", "audio", "image", "result", "embedding"})
"""Members that hold media, or vectors, as base64."""
_FREE = frozenset({"input", "args", "arguments", "response", "json", "variables", "metadata", "requestMetadata"})
"""Members whose objects are no part of the dialect, but what tools are given and say: in them, any string is text."""
_INSTRUCTIONS = frozenset({"system", "systemInstruction", "system_instruction", "instructions"})
_DECLARATIONS = frozenset(
    {"tools", "functions", "toolConfig", "tool_choice", "response_format", "responseSchema", "text"}
)
_RESULTS = frozenset(
    {"functionResponse", "function_response", "toolResult", "searchResult", "document", "documents", "output"}
)
"""Members that hold what nobody in the conversation has said: results and documents."""
_RESULT_TYPE = re.compile(r".*(?:_output|_result|search_result)|document|file|input_file")
_SPEAKERS = {
    "system": Speaker.SYSTEM,
    "developer": Speaker.DEVELOPER,
    "user": Speaker.USER,
    "assistant": Speaker.ASSISTANT,
    "model": Speaker.ASSISTANT,
    "tool": Speaker.TOOL,
    "function": Speaker.TOOL,
}


_Outer: TypeAlias = tuple[Speaker | None, bool, str]
"""The nearest speaker outwards, whether a result is around, and the body's member that it is all in."""


class _Place:
    """An object or array that is being walked through."""

    __slots__ = ("is_free", "is_object", "key", "kind", "media", "outer", "parent", "speaker")

    def __init__(self, parent: _Place | None, key: str, *, is_object: bool) -> None:
        self.parent = parent
        self.key = key
        self.is_object = is_object
        self.is_free: bool = parent is not None and (
            parent.is_free or (is_object and parent.is_object and key in _FREE)
        )
        """Whether it is data of tools, in which no member is one of the dialect's."""
        self.speaker: Speaker | None = None
        """Whom its ``role`` names."""
        self.kind = ""
        """Its ``type``."""
        self.media = ""
        """Its media type, or the format of a document."""
        self.outer: _Outer | None = None
        """What is known of it and what is around it, once somebody has asked."""


class Utterance(msgspec.Struct, frozen=True, gc=False):
    """One text. It stands from ``start`` to ``end`` of the body: a JSON string, quotes included, or a long number.

    One that ``is_raw`` stands there as it is: the value of a form's field.
    """

    text: str
    start: int
    end: int
    speaker: Speaker
    member: str
    """Name of the member that holds it, or whose array does."""
    group: int
    """Texts of one group stand in one message."""
    top: str = ""
    """The body's member that it stands in."""
    kind: str = ""
    """The ``type`` of the object that holds it."""
    is_data: bool = False
    """Whether it is among what tools are given and say as values."""
    is_raw: bool = False


def utterances(body: bytes) -> tuple[Utterance, ...]:
    """The texts of a valid JSON body in their order. Raises ``PayloadTooLarge`` where there are too many."""
    found: list[tuple[bytes, int, int, _Place | None, str, int]] = []
    place: _Place | None = None
    key, group, left = "", 0, MOST_TOKENS
    for token in _TOKEN.finditer(body):
        number = token[3]
        if number is not None and (place is None or not place.is_free):  # a time, a seed, a part of a vector
            continue
        left -= 1
        if not left:
            raise PayloadTooLarge(f"More than {MOST_TOKENS} texts and brackets: too many to be checked.")
        string = token[1]
        if number is not None:  # of a card, a telephone
            found.append((number, token.start(), token.end(), place, key, group))
        elif string is None:
            bracket = token[0]
            if bracket in {b"{", b"["}:
                place = _Place(place, key if place is None or place.is_object else place.key, is_object=bracket == b"{")
                key = ""
                group += _is_message(place)
            else:
                place, key = (place.parent if place is not None else None), ""
        elif token[2] is not None:
            key = _text(string)
            if _NAME.fullmatch(string) is None:
                found.append((string, token.start(1), token.end(1), place, key, group))
        else:
            member = key if place is None or place.is_object else place.key
            is_free = place is not None and place.is_free
            if place is not None and place.is_object and not is_free and key in _OF_THE_OBJECT:
                _OF_THE_OBJECT[key](place, _text(string))
            if (is_free or member not in _NO_TEXT) and len(string) > 2:
                found.append((string, token.start(1), token.end(1), place, member, group))
    return tuple(filter(None, (_utterance(*each) for each in found)))


def replaced(body: bytes, texts: Iterable[tuple[Utterance, str]]) -> bytes:
    """The body with other texts in the places of some."""
    edits: list[Edit] = [
        (old.start, old.end, new.encode() if old.is_raw else msgspec.json.encode(new)) for old, new in texts
    ]
    return splice(body, edits) if edits else body


_NAME = re.compile(rb'"[A-Za-z_$][\w$-]{0,39}"')
"""A member's name that says nothing by itself."""


def _is_message(place: _Place) -> bool:
    """Whether it is an entry of an array that is a member of the body."""
    array = place.parent
    return array is not None and array.parent is not None and array.parent.parent is None


def _hear(place: _Place, role: str) -> None:
    place.speaker = _SPEAKERS.get(role)


def _note_kind(place: _Place, kind: str) -> None:
    place.kind = kind


def _note_media(place: _Place, media: str) -> None:
    place.media = media


_OF_THE_OBJECT: dict[str, Callable[[_Place, str], None]] = {
    "role": _hear,
    "type": _note_kind,
    "media_type": _note_media,
    "mediaType": _note_media,
    "mimeType": _note_media,
    "mime_type": _note_media,
    "format": _note_media,
}


def _utterance(string: bytes, start: int, end: int, place: _Place | None, member: str, group: int) -> Utterance | None:
    if _is_media(string, place, member):
        return None
    kind, is_data = (place.kind, place.is_free) if place is not None else ("", False)
    top = _outer(place)[2] or member
    return Utterance(_text(string), start, end, _speaker(place, member), member, group, top, kind, is_data)


def _is_media(string: bytes, place: _Place | None, member: str) -> bool:
    """Whether it is the content of a picture, a sound or a file, and not words."""
    data_url = _DATA_URL.fullmatch(string)
    if data_url is not None:
        return _TEXTUAL.match((data_url[1] or b"text/plain").decode()) is None
    if place is None or place.is_free or member not in _CONTENTS or _BASE64.fullmatch(string) is None:
        return False
    media = place.media or (place.parent.media if place.parent is not None else "")
    return _TEXTUAL.match(media) is None


def _outer(place: _Place | None) -> _Outer:
    """What is around a text, of a body that has been walked through.

    Places that were asked before are not asked again, so that texts that lie deep cost no more than others.
    """
    way: list[_Place] = []
    found: _Outer | None = None
    while place is not None and (found := place.outer) is None:
        way.append(place)
        place = place.parent
    speaker, is_result, at_top = found or (None, False, "")
    for one in reversed(way):
        is_result = is_result or one.key in _RESULTS or _RESULT_TYPE.fullmatch(one.kind) is not None
        speaker, at_top = one.speaker or speaker, at_top or one.key
        one.outer = speaker, is_result, at_top
    return speaker, is_result, at_top


def _speaker(place: _Place | None, member: str) -> Speaker:
    """Whose words they are: the nearest that is known, outwards, but results stay results whoever hands them on."""
    speaker, is_result, at_top = _outer(place)
    if speaker in {Speaker.SYSTEM, Speaker.DEVELOPER}:
        return speaker
    if is_result or member in _RESULTS:
        return Speaker.TOOL
    if speaker is not None:
        return speaker
    at_top = at_top or member
    if at_top in _INSTRUCTIONS:
        return Speaker.SYSTEM
    return Speaker.DEVELOPER if at_top in _DECLARATIONS else Speaker.USER


def _text(string: bytes) -> str:
    if not string.startswith(b'"'):
        return string.decode()
    if b"\\" not in string:
        return string[1:-1].decode("utf-8", "replace")
    try:
        return msgspec.json.decode(string, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):  # half a character, which hides nothing of the others
        pass
    try:
        halves: str = json.loads(string.decode("utf-8", "replace"), strict=False)
    except ValueError:
        return string[1:-1].decode("utf-8", "replace")
    return halves.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

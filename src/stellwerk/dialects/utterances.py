"""Every text of a JSON body that a model may read, whose words it is, and where it stands in the bytes.

One walk serves all dialects, for they name things alike: what is not known to be something else is taken for text, so
that members of later versions are looked at as well. Texts may then be replaced in the original bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import msgspec

from stellwerk.core.subject import Speaker
from stellwerk.dialects.json_splice import Edit, splice
from stellwerk.errors import PayloadTooLarge

MOST_TOKENS = 400_000
"""Strings and brackets of one body: more would keep all others waiting for more than a fifth of a second."""

_TOKEN = re.compile(rb'("[^"\\]*+(?:\\.[^"\\]*+)*+")([ \t\r\n]*+:)?|[\[{\]}]', re.DOTALL)
_BASE64 = re.compile(rb'"[A-Za-z0-9+/_=\s-]{64,}+"')
_TEXTUAL = re.compile(r"text/|application/(?:json|xml|yaml|x-ndjson|csv)")

_WORDS = """
role type model id object call_id tool_call_id tool_use_id toolUseId signature thoughtSignature thought_signature
encrypted_content media_type mediaType mimeType mime_type format detail previous_response_id service_tier status
finish_reason stop_reason stopReason finishReason ttl encoding_format reasoning_effort verbosity file_id fileUri
file_uri response_id item_id created_at serviceTier system_fingerprint voice
"""
_NO_TEXT = frozenset(_WORDS.split())
"""Members whose strings are words of the dialect, names and codes."""
_CONTENTS = frozenset({"data", "bytes", "file_data", "b64_json", "audio", "image", "result"})
"""Members that hold media as base64."""
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


class _Place:
    """An object or array that is being walked through."""

    __slots__ = ("is_object", "key", "kind", "media", "parent", "speaker")

    def __init__(self, parent: _Place | None, key: str, *, is_object: bool) -> None:
        self.parent = parent
        self.key = key
        self.is_object = is_object
        self.speaker: Speaker | None = None
        """Whom its ``role`` names."""
        self.kind = ""
        """Its ``type``."""
        self.media = ""
        """Its media type."""


class Utterance(msgspec.Struct, frozen=True, gc=False):
    """One text. ``start`` and ``end`` are those of the JSON string in the body, quotes included."""

    text: str
    start: int
    end: int
    speaker: Speaker
    member: str
    """Name of the member that holds it, or whose array does."""
    group: int
    """Texts of one group stand in one message."""


def utterances(body: bytes) -> tuple[Utterance, ...]:
    """The texts of a valid JSON body in their order. Raises ``PayloadTooLarge`` where there are too many."""
    found: list[tuple[bytes, int, int, _Place | None, str, int]] = []
    place: _Place | None = None
    key, group, left = "", 0, MOST_TOKENS
    for token in _TOKEN.finditer(body):
        left -= 1
        if not left:
            raise PayloadTooLarge(f"More than {MOST_TOKENS} texts and brackets: too many to be checked.")
        string = token[1]
        if string is None:
            bracket = token[0]
            if bracket in {b"{", b"["}:
                place = _Place(place, key if place is None or place.is_object else place.key, is_object=bracket == b"{")
                key = ""
                group += _is_message(place)
            else:
                place, key = (place.parent if place is not None else None), ""
        elif token[2] is not None:
            key = _text(string)
            if " " in key or len(key) > _LONG_KEY:
                found.append((string, token.start(1), token.end(1), place, key, group))
        else:
            member = key if place is None or place.is_object else place.key
            if place is not None and place.is_object and key in _OF_THE_OBJECT:
                _OF_THE_OBJECT[key](place, _text(string))
            if member not in _NO_TEXT and len(string) > 2:
                found.append((string, token.start(1), token.end(1), place, member, group))
    return tuple(filter(None, (_utterance(*each) for each in found)))


def replaced(body: bytes, texts: Iterable[tuple[Utterance, str]]) -> bytes:
    """The body with other texts in the places of some."""
    edits: list[Edit] = [(old.start, old.end, msgspec.json.encode(new)) for old, new in texts]
    return splice(body, edits) if edits else body


_LONG_KEY = 40


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
}


def _utterance(string: bytes, start: int, end: int, place: _Place | None, member: str, group: int) -> Utterance | None:
    if _is_media(string, place, member):
        return None
    return Utterance(_text(string), start, end, _speaker(place, member), member, group)


def _is_media(string: bytes, place: _Place | None, member: str) -> bool:
    """Whether it is the content of a picture, a sound or a file, and not words."""
    if string.startswith(b'"data:'):
        return _TEXTUAL.match(string[6:40].decode("ascii", "replace")) is None
    media = place.media if place is not None else ""
    return member in _CONTENTS and _BASE64.fullmatch(string) is not None and _TEXTUAL.match(media) is None


def _speaker(place: _Place | None, member: str) -> Speaker:
    """Whose words they are: the nearest that is known, outwards, but results stay results whoever hands them on."""
    speaker: Speaker | None = None
    is_result = member in _RESULTS
    at_top = member
    while place is not None:
        if place.key in _RESULTS or (place.kind and _RESULT_TYPE.fullmatch(place.kind)):
            is_result = True
        speaker = speaker or place.speaker
        at_top = place.key or at_top
        place = place.parent
    if speaker in {Speaker.SYSTEM, Speaker.DEVELOPER}:
        return speaker
    if is_result:
        return Speaker.TOOL
    if speaker is not None:
        return speaker
    if at_top in _INSTRUCTIONS:
        return Speaker.SYSTEM
    return Speaker.DEVELOPER if at_top in _DECLARATIONS else Speaker.USER


def _text(string: bytes) -> str:
    if b"\\" not in string:
        return string[1:-1].decode("utf-8", "replace")
    try:
        return msgspec.json.decode(string, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):  # half a character
        return string[1:-1].decode("utf-8", "replace")

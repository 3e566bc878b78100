"""Function calls and their responses between this dialect and the neutral form.

Google pairs them by name and position, and by ids where both have them.
"""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.part import OpaquePart, ResultPart, Text, ToolCall, ToolKind, ToolResult
from stellwerk.dialects.fragment import best_object, is_object
from stellwerk.dialects.gemini.parts import Media, encode_media, encode_part, kind_of, read_part, signed
from stellwerk.dialects.gemini.types import DIALECT, Members, is_marked, mark, merge
from stellwerk.dialects.members import RAW, RAWS, STRING, UnreadableError

SKIP_VALIDATION = "skip_thought_signature_validator"
"""The word that Google takes for the signature of a call that another model made."""

_OUTPUT = "output"
_ERROR = "error"


def read_call(part: Members, fallback_id: str) -> ToolCall:
    """A part with ``functionCall``. Raises ``UnreadableError`` for a shape that is not known.

    ``fallback_id`` names a call that has no id on the wire.
    """
    call = part.within("functionCall")
    part.take("functionCall", RAW)
    if "partialArgs" in call or "willContinue" in call:
        raise UnreadableError("arguments in pieces, which callers have to ask for")
    identity, name = call.take("id", STRING), call.need("name", STRING)
    args = call.take("args", RAW)
    if args is not None and not bytes(args).startswith(b"{"):
        raise UnreadableError("arguments that are no object")
    signature, rest = part.take("thoughtSignature", STRING), call.opaque()
    opaque = part.opaque(functionCall=rest)
    marks = [name for name, value in (("id", identity), ("args", args)) if not value]
    arguments = "" if args is None else bytes(args).decode()
    return ToolCall(identity or fallback_id, name, arguments, signature=signature, opaque=mark(opaque, *marks))


def encode_call(call: ToolCall) -> dict[str, Any]:
    """A part with ``functionCall``. Its arguments are an object, whatever became of their text."""
    body: dict[str, Any] = {} if is_marked(call.opaque, "id") else {"id": call.id}
    body["name"] = call.name
    if call.kind is ToolKind.CUSTOM:
        body["args"] = {"input": call.arguments}
    elif call.arguments or not is_marked(call.opaque, "args"):
        body["args"] = best_object(call.arguments)
    return merge(signed({"functionCall": body}, call.signature), call.opaque)


def result_name(part: Members) -> tuple[str, str | None]:
    """Name and id of the call that a part with ``functionResponse`` answers."""
    response = Members(part.peek("functionResponse"))
    return response.take("name", STRING) or "", response.take("id", STRING)


def read_result(part: Members, call_id: str) -> ToolResult:
    """A part with ``functionResponse``. Raises ``UnreadableError`` for a shape that is not known."""
    response = part.within("functionResponse")
    part.take("functionResponse", RAW)
    identity, name = response.take("id", STRING), response.take("name", STRING)
    parts, is_error = _said(response.take("response", RAW))
    media = tuple(_read_media(raw) for raw in response.take("parts", RAWS) or ())
    opaque = part.opaque(functionResponse=response.opaque())
    return ToolResult(call_id, (*parts, *media), name, is_error, opaque=opaque if identity else mark(opaque, "id"))


def encode_result(result: ToolResult, name: str, *, has_media: bool) -> list[Any]:
    """The parts that answer one call: its ``functionResponse``, then media where the model takes none in it."""
    body: dict[str, Any] = {} if is_marked(result.opaque, "id") or not result.call_id else {"id": result.call_id}
    body["name"] = name
    body["response"] = _response(result)
    media = [wire for part in result.parts if (wire := _encode_media(part)) is not None]
    if media and has_media:
        body["parts"] = media
        media = []
    return [merge({"functionResponse": body}, result.opaque), *media]


def _said(raw: msgspec.Raw | None) -> tuple[tuple[Text, ...], bool | None]:
    """What a response says: its text where it holds just that under the usual name, else all of it as JSON."""
    if raw is None:
        return (), None
    if not bytes(raw).startswith(b"{"):
        raise UnreadableError("a response that is no object")
    response = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    only = next(iter(response.items())) if len(response) == 1 else ("", msgspec.Raw(b"null"))
    is_error = True if only[0] == _ERROR else None
    if only[0] in {_OUTPUT, _ERROR} and bytes(only[1]).startswith(b'"'):
        text = STRING.decode(only[1])
        if text and not is_object(text):
            return (Text(text),), is_error
    return (Text(bytes(raw).decode()),), is_error


def _response(result: ToolResult) -> msgspec.Raw | dict[str, Any]:
    """The object that a tool answered; what is none becomes one, under the name that Google looks for."""
    text = "\n".join(said for part in result.parts if (said := _text(part)) is not None)
    if is_object(text) and not (result.is_error and '"error"' not in text):
        return msgspec.Raw(text.encode())
    return {_ERROR if result.is_error else _OUTPUT: text}


def _text(part: ResultPart) -> str | None:
    wire = None if isinstance(part, OpaquePart) else encode_part(part)
    return wire.get("text") if isinstance(wire, dict) else None


def _read_media(raw: msgspec.Raw) -> ResultPart:
    part = Members(raw)
    if "text" in part:
        raise UnreadableError("a text among media")
    read = read_part(part, raw)
    return read if isinstance(read, Media) else OpaquePart(DIALECT, kind_of(part), raw)


def _encode_media(part: ResultPart) -> Any:
    if isinstance(part, OpaquePart):
        return part.raw if part.dialect == DIALECT else None
    wire = encode_media(part) if isinstance(part, Media) else None
    return wire if wire is not None and "text" not in wire else None

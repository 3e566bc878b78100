"""Contents of nothing but texts and media in themselves, which most are: read in one pass, however large."""

from __future__ import annotations

import msgspec

from stellwerk.core.chat import Message, Role
from stellwerk.core.part import InlineSource, Part, Text
from stellwerk.dialects.gemini.parts import plain_media

_ROLES = {"user": Role.USER, "model": Role.ASSISTANT}


class _Data(msgspec.Struct, forbid_unknown_fields=True, gc=False, rename="camel"):
    mime_type: str
    data: str


class _Part(msgspec.Struct, forbid_unknown_fields=True, gc=False, rename="camel"):
    text: str = ""
    inline_data: _Data | None = None


class _Content(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: str
    parts: list[_Part]


_decode = msgspec.json.Decoder(_Content).decode


def read_plainly(raw: msgspec.Raw) -> Message | None:
    """The message that a content is; ``None`` for a content that holds, or lacks, anything else."""
    try:
        content = _decode(raw)
    except msgspec.ValidationError:
        return None
    role = _ROLES.get(content.role)
    parts = tuple([part for wire in content.parts if (part := _read(wire)) is not None])
    return None if role is None or not parts or len(parts) < len(content.parts) else Message(role, parts)


def _read(wire: _Part) -> Part | None:
    data = wire.inline_data
    if data is None:
        return Text(wire.text) if wire.text else None
    return None if wire.text else plain_media(InlineSource(data.mime_type, data.data))

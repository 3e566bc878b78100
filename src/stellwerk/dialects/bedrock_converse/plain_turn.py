"""Turns of nothing but words and pictures, which most are: read in one pass, however large."""

from __future__ import annotations

import msgspec

from stellwerk.core.chat import Message, Role
from stellwerk.core.part import Image, InlineSource, Text
from stellwerk.dialects.bedrock_converse.media import TYPES

_ROLES = {"user": Role.USER, "assistant": Role.ASSISTANT}
_IMAGES = TYPES["image"]


class _Source(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    bytes: str


class _Image(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    format: str
    source: _Source


class _Block(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    text: str | msgspec.UnsetType = msgspec.UNSET
    image: _Image | msgspec.UnsetType = msgspec.UNSET


class _Turn(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: str
    content: list[_Block]


_decode = msgspec.json.Decoder(_Turn).decode


def read_plainly(raw: msgspec.Raw) -> Message | None:
    """The message that a turn is; ``None`` for a turn that holds, or lacks, anything else."""
    try:
        turn = _decode(raw)
    except msgspec.ValidationError:
        return None
    role = _ROLES.get(turn.role)
    parts = tuple([part for block in turn.content if (part := _read(block)) is not None])
    return None if role is None or len(parts) < len(turn.content) else Message(role, parts)


def _read(block: _Block) -> Text | Image | None:
    text, image = block.text, block.image
    if image is msgspec.UNSET:
        return None if text is msgspec.UNSET else Text(text)
    media_type = _IMAGES.get(image.format)
    if text is not msgspec.UNSET or media_type is None:
        return None
    return Image(InlineSource(media_type, image.source.bytes))

"""Messages to the model of nothing but words and pictures, which most are: read in one pass, however large."""

from __future__ import annotations

import msgspec

from stellwerk.core.chat import Message, Role
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Image, Text
from stellwerk.dialects.media_url import source_of
from stellwerk.dialects.members import spelled
from stellwerk.dialects.openai_responses.types import DIALECT, OWN

ROLES = {role.value: role for role in (Role.USER, Role.SYSTEM, Role.DEVELOPER)}
MESSAGE = "message"
_MEMBERS = {"type": msgspec.Raw(b'"message"')}
_BARE = spelled("content")
UNTYPED = (OWN, Opaque(DIALECT, _BARE))
TYPED = (Opaque(DIALECT, _MEMBERS), Opaque(DIALECT, {**_MEMBERS, **_BARE}))
"""What is opaque of an item that names its type or not; the second where an array holds one bare text."""


class _Text(msgspec.Struct, forbid_unknown_fields=True, gc=False, tag="input_text"):
    text: str

    def read(self) -> Text:
        return Text(self.text, opaque=OWN)


class _Image(msgspec.Struct, forbid_unknown_fields=True, gc=False, tag="input_image"):
    image_url: str
    detail: str | msgspec.UnsetType = msgspec.UNSET

    def read(self) -> Image:
        return Image(source_of(self.image_url), None if self.detail is msgspec.UNSET else self.detail, opaque=OWN)


class _Item(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: str
    content: str | list[_Text | _Image]
    type: str = ""


_decode = msgspec.json.Decoder(_Item).decode


def read_plainly(raw: msgspec.Raw) -> Message | None:
    """The message that an item is; ``None`` for an item that is, holds, or lacks, anything else."""
    try:
        item = _decode(raw)
    except msgspec.ValidationError:
        return None
    role, content = ROLES.get(item.role), item.content
    if role is None or item.type not in {"", MESSAGE}:
        return None
    opaque = TYPED if item.type else UNTYPED
    if isinstance(content, str):
        return Message(role, (Text(content),), opaque=opaque[False])
    is_bare = len(content) == 1 and type(content[0]) is _Text
    return Message(role, tuple([part.read() for part in content]), opaque=opaque[is_bare])

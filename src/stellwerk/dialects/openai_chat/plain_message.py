"""Messages of nothing but words and pictures, which most are: read in one pass, however large."""

from __future__ import annotations

import msgspec

from stellwerk.core.chat import Message, Role
from stellwerk.core.part import Image, Text
from stellwerk.dialects.media_url import source_of

ROLES = {role.value: role for role in (Role.USER, Role.ASSISTANT, Role.SYSTEM, Role.DEVELOPER)}


class _Text(msgspec.Struct, forbid_unknown_fields=True, gc=False, tag="text"):
    text: str

    def read(self) -> Text:
        return Text(self.text)


class _Url(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    url: str
    detail: str | None = None


class _Image(msgspec.Struct, forbid_unknown_fields=True, gc=False, tag="image_url"):
    image_url: _Url

    def read(self) -> Image:
        return Image(source_of(self.image_url.url), self.image_url.detail)


class _Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: str
    content: str | list[_Text | _Image]


_decode = msgspec.json.Decoder(_Message).decode


def read_plainly(raw: msgspec.Raw) -> Message | None:
    """The message; ``None`` for one that holds, or lacks, anything else."""
    try:
        wire = _decode(raw)
    except msgspec.ValidationError:
        return None
    role, content = ROLES.get(wire.role), wire.content
    if role is None:
        return None
    return Message(role, (Text(content),) if isinstance(content, str) else tuple([part.read() for part in content]))

"""A block of a streamed answer as far as it has come: what only makes sense whole is put together here."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any

import msgspec

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import Image, InlineSource
from stellwerk.core.stream import (
    OpaqueDelta,
    PartAdded,
    StreamEvent,
    ThinkingRedacted,
    ThinkingSigned,
    ToolCallEnded,
)
from stellwerk.dialects.bedrock_converse.frames import BLOCK_STOP
from stellwerk.dialects.bedrock_converse.media import mime_type
from stellwerk.dialects.bedrock_converse.types import DIALECT
from stellwerk.errors import UpstreamInvalid


class StreamedBlock:
    """Signatures, encrypted reasoning and pictures come in pieces; a call has a number from its start on."""

    __slots__ = ("_image", "call", "image_format", "is_opaque", "redacted", "signature")

    def __init__(self) -> None:
        self.call: int | None = None
        self.signature = ""
        self.redacted: list[str] = []
        self.image_format = ""
        self.is_opaque = False
        self._image: list[str] = []

    def add_image(self, delta: dict[str, Any]) -> None:
        """More of a picture; a part of it that is none adds nothing."""
        source = delta.get("source")
        data = source.get("bytes") if type(source) is dict else None
        if type(data) is str and data:
            self._image.append(data)

    def end(self) -> Iterator[StreamEvent]:
        """The block is over: what it was, where nobody has heard of it yet."""
        if self.call is not None:
            yield ToolCallEnded(self.call)
        if self.redacted:
            yield ThinkingRedacted(_join(self.redacted))
        if self.signature:
            yield ThinkingSigned(self.signature)
        if self._image:
            yield PartAdded(Image(InlineSource(mime_type("image", self.image_format), _join(self._image))))
        if self.is_opaque:
            yield OpaqueDelta(Opaque(DIALECT, {BLOCK_STOP: msgspec.Raw(b"{}")}), 0)


def _join(pieces: list[str]) -> str:
    """One base64 text for bytes that came in several, each with its own padding."""
    if len(pieces) == 1:
        return pieces[0]
    try:
        return b64encode(b"".join(b64decode(piece, validate=True) for piece in pieces)).decode()
    except (binascii.Error, ValueError):
        raise UpstreamInvalid("The provider's stream holds a piece of data that is not base64.") from None

"""Streams: handed on between two parties of this dialect, or read into and written from neutral events."""

from __future__ import annotations

from stellwerk.dialects.chunk_relay import DONE, PassThrough
from stellwerk.dialects.openai_chat.chunk_decoder import ChunkDecoder
from stellwerk.dialects.openai_chat.chunk_encoder import ChunkEncoder

__all__ = ["DONE", "ChunkDecoder", "ChunkEncoder", "PassThrough"]

"""Errors in this dialect: those that all of OpenAI's dialects share."""

from __future__ import annotations

from stellwerk.dialects.openai_errors import encode_error, encode_stream_error, read_failure

__all__ = ["encode_error", "encode_stream_error", "read_failure"]

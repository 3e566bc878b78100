"""Fuzzes the body of a chat request: it is refused properly, or read as JSON reads it and rewritten without loss."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

MAX_DEPTH = 256
OTHER = "other/model"


def load() -> Callable[[list[bytes]], object]:
    """The check."""
    from stellwerk.dialects.openai_chat import request
    from stellwerk.dialects.openai_chat.envelope import read_envelope, rewrite
    from stellwerk.errors import InvalidRequest

    def check(pieces: list[bytes]) -> None:
        body = b"".join(pieces)
        try:
            envelope = read_envelope(body, max_depth=MAX_DEPTH)
        except InvalidRequest:
            return
        meant = parse(body)
        if meant is None:
            return
        assert envelope.model == meant["model"]
        assert envelope.is_stream == bool(meant.get("stream"))
        renamed = parse(rewrite(envelope, OTHER))
        assert renamed is not None
        assert renamed.pop("model") == OTHER
        del meant["model"]
        if envelope.is_stream and not envelope.wants_usage:
            assert (renamed.pop("stream_options") or {}).pop("include_usage") is True
            meant.pop("stream_options", None)
            renamed = {name: value for name, value in renamed.items() if name in meant}
        assert renamed == meant
        try:
            request.encode(request.decode(body))
        except InvalidRequest:
            return

    return check


def parse(body: bytes) -> dict[str, Any] | None:
    """The object as the standard library reads it; ``None`` where a number is longer than it reads."""
    try:
        parsed: dict[str, Any] = json.loads(body)
    except ValueError as error:
        if "digits" not in str(error):
            raise
        return None
    return parsed


def seeds() -> list[bytes]:
    """Requests of every kind."""
    plain: dict[str, Any] = {"model": "smart", "messages": [{"role": "user", "content": "Hi"}]}
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    return [
        json.dumps(each).encode()
        for each in (
            plain,
            plain | {"stream": True},
            plain | {"stream": True, "stream_options": {"include_usage": False, "x": 1}},
            plain | {"stream": True, "stream_options": None, "max_tokens": 5, "n": 2},
            plain
            | {"messages": [{"role": "user", "content": [image, {"type": "text", "text": "\u00fc\ud83d\ude82"}]}]},
            plain | {"messages": [{"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "1"}]},
            plain
            | {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}], "tool_choice": "auto"},
            plain | {"response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {}}}},
            plain | {"model": 7},
            [plain],
        )
    ] + [b'{"model":"a","model":"b","messages":[]}', b"[" * 300, b'{"model":"\\ud800","messages":[]}', b"\xff{}"]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from tests.fuzz.kit.harness import fuzz

    fuzz(load, seeds())

"""What accounting reads of a whole reply of chat, or of the completions that came before it."""

from __future__ import annotations

import msgspec

from stellwerk.core.reply import ReplyFacts
from stellwerk.dialects.openai_usage import WireUsage, decode_usage, neutral
from stellwerk.dialects.whole_reading import complaint, read_loosely, word

__all__ = ["ReplyFacts", "read_usage"]


def read_usage(body: bytes) -> ReplyFacts:
    """What accounting needs of a reply that is passed on. Raises ``UpstreamInvalid`` when it is not the dialect's."""
    try:
        if not body.isascii():
            body.decode()
        wire = _read(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _read_tolerantly(body)
    choices, usage = wire.choices, wire.usage
    finish = choices[0].finish_reason if choices else None
    return ReplyFacts(None if usage is None else neutral(usage, wire.service_tier), finish or "", wire.id)


class _Choice(msgspec.Struct, gc=False):
    finish_reason: str | None = None


class _Reply(msgspec.Struct, gc=False):
    choices: list[_Choice]
    id: str = ""
    usage: WireUsage | None = None
    service_tier: str | None = None


_read = msgspec.json.Decoder(_Reply).decode


def _read_tolerantly(body: bytes) -> ReplyFacts:
    """For hosts that are careless with types: only the shape of the whole is demanded."""
    wire = read_loosely(body)
    if type(wire) is not dict or type(wire.get("choices")) is not list:
        raise complaint(wire, "a completion: it has no choices")
    usage = wire.get("usage")
    finish = next((choice.get("finish_reason") for choice in wire["choices"][:1] if type(choice) is dict), None)
    return ReplyFacts(
        decode_usage(usage, wire.get("service_tier")) if type(usage) is dict else None,
        word(finish),
        word(wire.get("id")),
    )

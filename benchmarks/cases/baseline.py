"""What the usual tools take for the same work: the floor, and the standard library."""

import hashlib
import json
from collections.abc import Iterator

import msgspec

from benchmarks.cases.case import Case
from benchmarks.cases.samples import SIZES, chat_answer, chat_request, stream_events


class _Thin(msgspec.Struct):
    """A request decoded only as far as routing needs it, messages kept as raw bytes."""

    model: str
    messages: msgspec.Raw
    stream: bool = False


def cases() -> Iterator[Case]:
    """An empty call, JSON in several ways, and digests."""
    yield Case(group="baseline", name="an empty call", call=lambda: None)
    thin = msgspec.json.Decoder(_Thin)
    for size, characters in SIZES.items():
        yield from _request_cases(size, chat_request(characters), thin)
    answer = chat_answer()
    yield Case(group="baseline", name="json.loads, answer", call=lambda: json.loads(answer))
    yield Case(group="baseline", name="msgspec, answer", call=lambda: msgspec.json.decode(answer))
    yield from _event_cases(stream_events())
    key = b"sk-bench-0123456789abcdef0123456789abcdef"
    yield Case(group="baseline", name="sha256 of a key", call=lambda: hashlib.sha256(key).digest())
    yield Case(
        group="baseline",
        name="blake2b of a key, keyed",
        call=lambda: hashlib.blake2b(key, key=key[:32], digest_size=16).digest(),
    )


def _request_cases(size: str, body: bytes, thin: msgspec.json.Decoder[_Thin]) -> Iterator[Case]:
    decoded = json.loads(body)
    yield Case(group="baseline", name=f"json.loads, {size} request", call=lambda: json.loads(body))
    yield Case(group="baseline", name=f"msgspec, {size} request", call=lambda: msgspec.json.decode(body))
    yield Case(group="baseline", name=f"msgspec thin, {size} request", call=lambda: thin.decode(body))
    yield Case(group="baseline", name=f"json.dumps, {size} request", call=lambda: json.dumps(decoded))
    yield Case(group="baseline", name=f"msgspec encode, {size} request", call=lambda: msgspec.json.encode(decoded))


def _event_cases(events: list[bytes]) -> Iterator[Case]:
    def with_json() -> None:
        for event in events[:-1]:
            json.loads(event[6:])

    def with_msgspec() -> None:
        for event in events[:-1]:
            msgspec.json.decode(event[6:])

    yield Case(group="baseline", name="json.loads, SSE event", call=with_json, units=len(events) - 1)
    yield Case(group="baseline", name="msgspec, SSE event", call=with_msgspec, units=len(events) - 1)

"""Sends a reply: as it should be, or with a fault in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, islice, pairwise

from stellwerk.simulator import wire
from stellwerk.simulator.delivery import (
    Caller,
    Delivery,
    Finale,
    Raw,
    Stream,
    Whole,
    end_cut,
    end_never,
    end_raw,
    end_reset,
    end_whole,
)
from stellwerk.simulator.fault import Fault
from stellwerk.simulator.refusal import Refusal
from stellwerk.simulator.reply import Reply

HTML_FIELDS = b"content-type: text/html; charset=utf-8\r\n"
HTML = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>\n"
WRONG_SHAPE = b'{"status":"ok","result":[1,2,3]}'
NO_JSON = b'{"status":"ok","result":[1,2'


def send(reply: Reply, caller: Caller) -> None:
    """Sends a reply as it should be."""
    if reply.make_events is None:
        _whole(reply, caller, reply.dialect.json_fields, reply.make_body())
    else:
        _stream(reply, caller, _complete(reply), end_whole)


def spoil(reply: Reply, caller: Caller, fault: Fault) -> None:
    """Sends a reply with ``fault`` in it."""
    is_stream = reply.make_events is not None
    match fault.kind:
        case "hang":
            Delivery(caller)
        case "close":
            _raw(reply, caller, iter(()), end_cut)
        case "reset":
            _raw(reply, caller, iter(()), end_reset)
        case "cut":
            _broken(reply, caller, fault, end_reset if fault.reset else end_cut)
        case "stall":
            _broken(reply, caller, fault, end_never)
        case "malformed":
            _malformed(reply, caller, fault)
        case "slow_drip":
            _drip(reply, caller, fault)
        case "short_length":
            _lying(reply, caller, fault)
        case "error_in_stream" if is_stream:
            refusal = error_of(fault, 500)
            refusal.after_events = fault.after_events
            events = _broken_off(reply, fault, lambda: reply.dialect.error_event(refusal))
            _stream(reply, caller, events, end_whole)
        case "no_done" if is_stream:
            _stream(reply, caller, _without_last(_complete(reply)), end_whole)
        case _:
            raise AssertionError("unreachable: " + fault.name)


def error_of(fault: Fault, status: int) -> Refusal:
    """What a fault says as an error of the dialect."""
    message = fault.message or _MESSAGES.get(status, "The simulated provider failed as it was told to.")
    return Refusal(status, message, code=fault.code or _CODES.get(status), retry_after_s=fault.retry_after_s)


_MESSAGES = {
    401: "Incorrect API key provided.",
    429: "Rate limit reached. Please try again later.",
    500: "The server had an error while processing your request.",
    503: "The engine is currently overloaded, please try again later.",
    529: "Overloaded.",
}
_CODES = {401: "invalid_api_key", 429: "rate_limit_exceeded"}


def _whole(reply: Reply, caller: Caller, content_fields: bytes, body: bytes) -> None:
    Whole(caller).send(reply.first_s, 200, content_fields + reply.fields, body)


def _stream(reply: Reply, caller: Caller, events: Iterator[bytes], finale: Finale) -> None:
    stream = Stream(caller, fields=reply.dialect.stream_fields + reply.fields, finale=finale)
    stream.play(reply.first_s, events, reply.gap_s)


def _raw(reply: Reply, caller: Caller, pieces: Iterator[bytes], finale: Finale, gap_s: float = 0.0) -> None:
    Raw(caller, status=200, finale=finale).play(reply.first_s, pieces, lambda: gap_s)


def _broken(reply: Reply, caller: Caller, fault: Fault, finale: Finale) -> None:
    """A stream that ends after some events, or half of a body that was announced whole."""
    if reply.make_events is not None:
        _stream(reply, caller, islice(reply.events(), fault.after_events), finale)
        return
    body = reply.make_body()
    _raw(reply, caller, iter((_head(reply, caller, len(body)), body[: len(body) // 2])), finale)


def _malformed(reply: Reply, caller: Caller, fault: Fault) -> None:
    is_stream = reply.make_events is not None
    bad = WRONG_SHAPE if fault.shape == "wrong_shape" else NO_JSON
    if fault.shape == "html":
        _whole(reply, caller, HTML_FIELDS, HTML)
    elif fault.shape == "empty":
        _whole(reply, caller, reply.dialect.stream_fields if is_stream else reply.dialect.json_fields, b"")
    elif is_stream:
        broken = _broken_off(reply, fault, lambda: reply.dialect.broken_event(bad))
        events = chain(broken, _terminator(reply))
        _stream(reply, caller, events, end_whole)
    else:
        _whole(reply, caller, reply.dialect.json_fields, bad)


def _drip(reply: Reply, caller: Caller, fault: Fault) -> None:
    if reply.make_events is None:
        body = reply.make_body()
        parts: Iterator[bytes] = iter((_head(reply, caller, len(body)), body))
    else:
        fields = reply.dialect.stream_fields + reply.fields
        opening = wire.head(caller.request, 200, fields, b"transfer-encoding: chunked\r\n")
        parts = chain((opening,), wire.chunked(_complete(reply)))
    drops = (bytes((byte,)) for part in parts for byte in part)
    _raw(reply, caller, drops, end_raw, fault.byte_ms / 1_000)


def _lying(reply: Reply, caller: Caller, fault: Fault) -> None:
    """A body with a false length; a caller that was promised too little finds bytes that it never asked for."""
    body = reply.make_body() if reply.make_events is None else b"".join(_complete(reply))
    announced = max(len(body) + fault.length_offset, 0)
    _raw(reply, caller, iter((_head(reply, caller, announced), body)), end_cut if announced > len(body) else end_raw)


def _head(reply: Reply, caller: Caller, length: int) -> bytes:
    content_fields = reply.dialect.json_fields if reply.make_events is None else reply.dialect.stream_fields
    return wire.head(caller.request, 200, content_fields + reply.fields, b"content-length: %d\r\n" % length)


def _complete(reply: Reply) -> Iterator[bytes]:
    return chain(reply.events(), _terminator(reply))


def _without_last(events: Iterator[bytes]) -> Iterator[bytes]:
    """``events`` but for the one that says that there are no more."""
    for event, _ in pairwise(events):
        yield event


def _terminator(reply: Reply) -> tuple[bytes, ...]:
    return (reply.dialect.terminator,) if reply.dialect.terminator else ()


def _broken_off(reply: Reply, fault: Fault, make_last: Callable[[], bytes]) -> Iterator[bytes]:
    """The first events of a stream and then another one, which may depend on whether there were any."""
    events = reply.events()

    def both() -> Iterator[bytes]:
        yield from islice(events, fault.after_events)
        yield make_last()

    return both()

"""Fuzzes a provider's stream of events: whatever its bytes and their pieces, it decodes the same and stays whole."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path


def load() -> Callable[[list[bytes]], object]:
    """The check."""
    from stellwerk.dialects.sse import Decoder, Splitter
    from stellwerk.errors import UpstreamInvalid

    def read(pieces: list[bytes]) -> tuple[list[object], object, bool] | None:
        decoder = Decoder(max_event_bytes=1000)
        try:
            events: list[object] = [event for piece in pieces for event in decoder.feed(piece)]
            events += decoder.flush()
        except UpstreamInvalid:
            return None
        return events, decoder.unfinished, decoder.is_between_events

    def check(pieces: list[bytes]) -> None:
        stream = b"".join(pieces)
        assert read(pieces) == read([stream])
        splitter = Splitter()
        raws = [raw for piece in pieces for raw in splitter.feed(piece)] + splitter.flush()
        assert b"".join(raws) + splitter.pending == stream

    return check


def seeds() -> list[bytes]:
    """Events in every spelling."""
    return [
        b"data: one\n\ndata:two\n\n",
        b"data: one\r\n\r\nevent: ping\rdata: x\r\r",
        b": comment\n\nid: 7\nretry: 250\ndata: a\ndata: b\n\n",
        b"\xef\xbb\xbfdata: \xc3\xbc\n\n",
        b"data: [DONE]\n\n",
        b"data: cut",
        b"data: " + b"x" * 995 + b"\n\n",
    ]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from tests.fuzz.kit.harness import fuzz

    fuzz(load, seeds())

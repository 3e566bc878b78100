"""Fuzzes a provider's AWS event stream: whatever its bytes and their pieces, it decodes the same and stays whole."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path


def load() -> Callable[[list[bytes]], object]:
    """The check."""
    from stellwerk.dialects.aws_eventstream import Decoder, Splitter, read_headers, split, wrap
    from stellwerk.dialects.bedrock_converse.stream import FrameDecoder, FrameEncoder, PassThrough
    from stellwerk.errors import UpstreamInvalid

    def read(pieces: list[bytes]) -> tuple[list[object], bool] | None:
        decoder = Decoder(max_frame_bytes=1000)
        try:
            frames: list[object] = [frame for piece in pieces for frame in decoder.feed(piece)]
        except UpstreamInvalid:
            return None
        return frames, decoder.is_between_frames

    def speak(pieces: list[bytes]) -> None:
        for reader in (FrameDecoder(), PassThrough()):
            try:
                said = [reader.feed(piece) for piece in pieces]
            except UpstreamInvalid:
                continue
            if isinstance(reader, FrameDecoder):
                encoder = FrameEncoder()
                out = b"".join(encoder.feed(event) for events in said for event in events)  # type: ignore[arg-type]
                assert Splitter().feed(out) or not out

    def check(pieces: list[bytes]) -> None:
        stream = b"".join(pieces)
        assert read(pieces) == read([stream])
        speak(pieces)
        # No fuzzer guesses a checksum: the same bytes as headers and as a payload of a frame that has the right ones.
        for block, payload in ((stream[:200], b"{}"), (DELTA, stream)):
            frame = wrap(block, payload)
            assert split(frame) == (block, payload)
            speak([frame])
            try:
                read_headers(block)
            except UpstreamInvalid:
                assert read([frame]) is None

    return check


DELTA = (
    b"\x0b:event-type\x07\x00\x11contentBlockDelta\x0d:content-type\x07\x00\x10application/json"
    b"\x0d:message-type\x07\x00\x05event"
)


def seeds() -> list[bytes]:
    """Frames of several sorts, headers of every type, payloads of deltas."""
    from stellwerk.dialects.aws_eventstream import encode, wrap

    return [
        encode({":event-type": "messageStart", ":message-type": "event"}, b'{"role":"assistant"}'),
        wrap(DELTA, b'{"delta":{"text":"Hi"},"contentBlockIndex":0}') * 2,
        encode({":exception-type": "throttlingException", ":message-type": "exception"}, b'{"message":"m"}'),
        encode({":event-type": "metadata", ":message-type": "event"}, b'{"usage":{"inputTokens":1}}')[:-1],
        encode({"a": True, "b": False, "c": 7, "d": b"x", "e": "\u00fc"}, b""),
        b"\x01a\x02\x01\x01b\x03\x00\x01\x01c\x04\x00\x00\x00\x01\x01d\x08" + bytes(8) + b"\x01e\x09" + bytes(16),
        b'{"delta":{"toolUse":{"input":"{"}},"contentBlockIndex":0}',
        b'{"delta":{"reasoningContent":{"redactedContent":"AA=="}},"contentBlockIndex":1}',
        b'{"delta":{"\xff":1},"contentBlockIndex":1}',
        wrap(b"", b"x" * 990),
    ]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from tests.fuzz.kit.harness import fuzz

    fuzz(load, seeds())

"""Fuzzes what a provider may answer: one ending for each call, and the bytes that another strict parser reads."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def load() -> Callable[[list[bytes]], object]:
    """The check, by every way that an answer may take."""
    from tests.integration.http.oracle import check_upstream

    def check(pieces: list[bytes]) -> None:
        collected = check_upstream(pieces, is_streamed=False)
        streamed = check_upstream(pieces, is_streamed=True)
        assert (collected.failure is None) == (streamed.failure is None)
        if collected.failure is None:
            assert (collected.status, collected.headers) == (streamed.status, streamed.headers)
            assert collected.body == streamed.body

    return check


def seeds() -> list[bytes]:
    """Answers in every framing, whole and not."""
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello"
    return [
        whole,
        whole[:-2],
        whole + whole,
        b"HTTP/1.1 100 Continue\r\n\r\n" + whole,
        b"HTTP/1.0 200 OK\r\n\r\nuntil close",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil close",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        CHUNKED + b"5\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"15\r\nhello\r\n01234567890123\r\n0\r\nX-Late: 1\r\n\r\n",
        CHUNKED + b"0005;a=b\r\nhello\r\nA\r\n0123456789\r\n000\r\n\r\n",
        whole.replace(b"200", b"020") + whole,
        whole.replace(b"200", b"099"),
        whole.replace(b"200", b"999"),
        b"<html><body>502 Bad Gateway</body></html>",
    ]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from tests.fuzz.kit.harness import fuzz

    fuzz(load, seeds())

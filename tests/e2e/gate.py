"""A provider that stops in the middle of every answer until the test lets it go on."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.e2e.kit import PATIENCE_S, until

FIRST, REST = "Hold the ", "line, please."
CONTENT = FIRST + REST


class Gate:
    """The provider. ``begun`` answers have said their first half; after ``open`` they say the rest."""

    def __init__(self) -> None:
        self.begun = 0
        self._lock = threading.Lock()
        self._opened = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.gate = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def base_url(self) -> str:
        """What the SDK takes."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def wait_until_begun(self, count: int) -> None:
        """Waits for so many answers to be half said."""
        until(lambda: self.begun >= count, f"{self.begun} of {count} have begun")

    def open(self) -> None:
        """Lets every answer go on, those to come too."""
        self._opened.set()

    def close(self) -> None:
        """Ends the provider."""
        self.open()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def pass_through(self) -> None:
        """Counts an answer that is half said, and holds it."""
        with self._lock:
            self.begun += 1
        self._opened.wait(PATIENCE_S)


@contextmanager
def gate() -> Iterator[Gate]:
    """A provider with its gate closed."""
    provider = Gate()
    try:
        yield provider
    finally:
        provider.close()


class _Server(ThreadingHTTPServer):
    gate: Gate
    daemon_threads = True
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        """Answers as a stream or whole, as it is asked to."""
        asked: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with suppress(OSError):  # the gateway may leave first
            if asked.get("stream"):
                self._stream()
            else:
                self.server.gate.pass_through()
                self._whole()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the library's
        """Says nothing."""

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        self._event(_chunk({"role": "assistant", "content": FIRST}))
        self.server.gate.pass_through()
        self._event(_chunk({"content": REST}))
        self._event(_chunk({}, finish="stop"))
        self._event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def _event(self, data: str) -> None:
        event = f"data: {data}\n\n".encode()
        self.wfile.write(b"%x\r\n%b\r\n" % (len(event), event))
        self.wfile.flush()

    def _whole(self) -> None:
        choice = {"index": 0, "message": {"role": "assistant", "content": CONTENT}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}
        answer = {"id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4.1"}
        body = json.dumps({**answer, "choices": [choice], "usage": usage}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _chunk(delta: dict[str, str], *, finish: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return json.dumps(
        {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4.1", "choices": [choice]}
    )

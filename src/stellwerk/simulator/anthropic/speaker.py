"""The Anthropic dialect as a simulated provider speaks it: paths, keys, versions, and who writes what."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import unquote

import msgspec

from stellwerk.http.fields import Headers
from stellwerk.http.request import Request
from stellwerk.simulator.answer import Answer
from stellwerk.simulator.anthropic.errors import error_body, error_event, key_refusal, limit_fields
from stellwerk.simulator.anthropic.request import read_count, read_messages
from stellwerk.simulator.anthropic.response import message, models
from stellwerk.simulator.anthropic.stream import TERMINATOR, events
from stellwerk.simulator.ask import Ask, Vectors
from stellwerk.simulator.dialect import Dialect, Endpoint, Stamp
from stellwerk.simulator.rate import Standing
from stellwerk.simulator.refusal import Refusal
from stellwerk.simulator.scenario import SimulatedModel

_MESSAGES = b"/v1/messages"
_COUNT = b"/v1/messages/count_tokens"
_MODELS = b"/v1/models"
_VERSION = re.compile(rb"20(?:2[3-9]|[3-9]\d)-\d\d-\d\d")


class Anthropic(Dialect):
    """Anthropic's messages, counts of tokens and models."""

    base_path = ""
    json_fields = b"content-type: application/json\r\n"
    stream_fields = b"content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
    terminator = TERMINATOR

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock

    def endpoint(self, request: Request) -> Endpoint:
        """Where a request goes, with its ``anthropic-beta``. Raises ``Refusal``."""
        path, method = request.path, request.method
        beta = request.headers.get(b"anthropic-beta", b"").decode("latin-1").strip()
        if path in {_MESSAGES, _COUNT}:
            wanted = b"POST"
            endpoint = Endpoint("answer" if path == _MESSAGES else "count", action=beta)
        elif path == _MODELS:
            wanted, endpoint = b"GET", Endpoint("models")
        elif path.startswith(_MODELS + b"/"):
            name = unquote(path.removeprefix(_MODELS + b"/").decode("utf-8", "replace"))
            wanted, endpoint = b"GET", Endpoint("model", name)
        else:
            raise Refusal(404, f"Not found: {path.decode('utf-8', 'replace')}")
        if method != wanted:
            raise Refusal(405, "Method Not Allowed")
        _check_version(request.headers.get(b"anthropic-version"))
        return endpoint

    def credential(self, headers: Headers) -> str | None:
        """``x-api-key``, or the bearer token."""
        key = headers.get(b"x-api-key", b"").strip()
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        if not key and scheme.lower() == b"bearer":
            key = token.strip()
        return key.decode("latin-1") or None

    def key_refusal(self, key: str | None) -> Refusal:
        """What a caller is told without a key, or with one that is not known."""
        return key_refusal(is_known=key is not None)

    def read(self, endpoint: Endpoint, body: bytes) -> Ask | Vectors:
        """What the request asks. Raises ``Refusal``."""
        return (read_messages if endpoint.kind == "answer" else read_count)(body, endpoint.action)

    def models(self, endpoint: Endpoint, models_known: Sequence[SimulatedModel]) -> bytes:
        """The list of models, or the one that the path names."""
        return models(endpoint, models_known)

    def answer(self, ask: Ask, answer: Answer, stamp: Stamp) -> bytes:
        """A whole message."""
        return message(ask, answer, stamp)

    def events(self, ask: Ask, answer: Answer, stamp: Stamp) -> Iterator[bytes]:
        """The events of a stream, all but ``message_stop``."""
        return events(ask, answer, stamp)

    def count(self, ask: Ask) -> bytes:
        """The tokens of a prompt."""
        return msgspec.json.encode({"input_tokens": ask.prompt_tokens})

    def vectors(self, asked: Vectors, dimensions: int) -> bytes:
        """Anthropic has no embeddings: no path leads here."""
        del asked, dimensions
        raise Refusal(404, "Not found")

    def fields(self, request_id: str, processing_ms: int) -> bytes:
        """The header fields that are each answer's own."""
        del processing_ms
        organization = b"anthropic-organization-id: 00000000-0000-4000-8000-000000000000\r\n"
        return b"request-id: req_%b\r\n%b" % (request_id.encode(), organization)

    def limit_fields(self, requests: Standing | None, tokens: Standing | None) -> bytes:
        """``anthropic-ratelimit-…``."""
        return limit_fields(requests, tokens, self._clock)

    def error_fields(self, refusal: Refusal) -> bytes:
        """The header fields that go with an error; whole seconds are all that is told."""
        retries = b"x-should-retry: %b\r\n" % (b"true" if refusal.status in {408, 409, 429} else b"false")
        if refusal.status >= 500:
            retries = b"x-should-retry: true\r\n"
        if refusal.retry_after_s is None:
            return retries
        return retries + b"retry-after: %d\r\n" % math.ceil(refusal.retry_after_s)

    def error(self, refusal: Refusal) -> bytes:
        """An error's body."""
        return error_body(refusal)

    def error_event(self, refusal: Refusal) -> bytes:
        """An error as an event of a stream."""
        return error_event(refusal)

    def broken_event(self, content: bytes) -> bytes:
        """An event of a stream with a content that none may have."""
        return b"event: content_block_delta\ndata: %b\n\n" % content


def _check_version(version: bytes | None) -> None:
    if version is None:
        raise Refusal(400, "anthropic-version: header is required")
    if _VERSION.fullmatch(version) is None:
        raise Refusal(400, f'anthropic-version: "{version.decode("latin-1")}" is not a valid version')

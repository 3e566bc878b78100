"""The OpenAI dialect as a simulated provider speaks it: paths, keys, and who writes what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import unquote

import msgspec

from stellwerk.http.fields import Headers
from stellwerk.http.request import Request
from stellwerk.simulator.answer import Answer
from stellwerk.simulator.ask import Ask, Vectors
from stellwerk.simulator.dialect import Dialect, Endpoint, Stamp
from stellwerk.simulator.openai.embeddings import embeddings
from stellwerk.simulator.openai.errors import error_body, error_event, limit_fields
from stellwerk.simulator.openai.request import read_chat, read_embeddings
from stellwerk.simulator.openai.response import chat_completion, models
from stellwerk.simulator.openai.responses.speaker import Responses
from stellwerk.simulator.openai.responses.stream import error_event as response_error
from stellwerk.simulator.openai.stream import TERMINATOR, chunks
from stellwerk.simulator.rate import Standing
from stellwerk.simulator.refusal import Refusal
from stellwerk.simulator.scenario import SimulatedModel

_RESPONSES = b"/v1/responses"
_POST = {
    b"/v1/chat/completions": Endpoint("answer"),
    b"/v1/embeddings": Endpoint("vectors"),
    _RESPONSES: Endpoint("answer", action="responses"),
    _RESPONSES + b"/input_tokens": Endpoint("count", action="responses"),
}
_MODELS = b"/v1/models"


class OpenAI(Dialect):
    """OpenAI's chat completions, responses, embeddings and models."""

    base_path = "/v1"
    json_fields = b"content-type: application/json\r\n"
    stream_fields = b"content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
    terminator = TERMINATOR

    def __init__(self) -> None:
        self._responses = Responses()

    def endpoint(self, request: Request) -> Endpoint:
        """Where a request goes. Raises ``Refusal``."""
        path, method = request.path, request.method
        if path in _POST:
            wanted, endpoint = b"POST", _POST[path]
        elif path == _MODELS:
            wanted, endpoint = b"GET", Endpoint("models")
        elif path.startswith(_MODELS + b"/"):
            name = unquote(path.removeprefix(_MODELS + b"/").decode("utf-8", "replace"))
            wanted, endpoint = b"GET", Endpoint("model", name)
        elif path.startswith(_RESPONSES + b"/"):
            return _stored(path, method)
        else:
            what = f"{method.decode('latin-1')} {path.decode('utf-8', 'replace')}"
            raise Refusal(404, f"Invalid URL ({what})")
        if method != wanted:
            what = f"{method.decode('latin-1')}; use {wanted.decode()}"
            raise Refusal(405, f"Not allowed to {what}.", code="method_not_supported")
        return endpoint

    def credential(self, headers: Headers) -> str | None:
        """The bearer token."""
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        return token.strip().decode("latin-1") if scheme.lower() == b"bearer" and token.strip() else None

    def read(self, endpoint: Endpoint, body: bytes) -> Ask | Vectors:
        """What the request asks. Raises ``Refusal``."""
        if endpoint.action == "responses":
            return self._responses.read(body)
        return read_chat(body) if endpoint.kind == "answer" else read_embeddings(body)

    def framed(self, request: Request) -> Dialect:
        """The dialect with the answers and streams of the path."""
        return _AsResponses(self._responses) if request.path == _RESPONSES else self

    def count(self, ask: Ask) -> bytes:
        """The tokens of a prompt."""
        return msgspec.json.encode({"object": "response.input_tokens", "input_tokens": ask.prompt_tokens})

    def stored(self, endpoint: Endpoint) -> bytes:
        """A response that was kept. Raises ``Refusal``."""
        return self._responses.stored(endpoint)

    def models(self, endpoint: Endpoint, models_known: Sequence[SimulatedModel]) -> bytes:
        """The list of models, or the one that the path names."""
        return models(endpoint, models_known)

    def answer(self, ask: Ask, answer: Answer, stamp: Stamp) -> bytes:
        """A whole answer."""
        return chat_completion(ask, answer, stamp)

    def events(self, ask: Ask, answer: Answer, stamp: Stamp) -> Iterator[bytes]:
        """The events of a stream, all but ``[DONE]``."""
        return chunks(ask, answer, stamp)

    def vectors(self, asked: Vectors, dimensions: int) -> bytes:
        """Embeddings."""
        return embeddings(asked, dimensions)

    def fields(self, request_id: str, processing_ms: int) -> bytes:
        """The header fields that are each answer's own."""
        return b"x-request-id: req_%b\r\nopenai-processing-ms: %d\r\nopenai-version: 2020-10-01\r\n" % (
            request_id.encode(),
            processing_ms,
        )

    def limit_fields(self, requests: Standing | None, tokens: Standing | None) -> bytes:
        """``x-ratelimit-…``."""
        return limit_fields(requests, tokens)

    def error(self, refusal: Refusal) -> bytes:
        """An error's body."""
        return error_body(refusal)

    def error_event(self, refusal: Refusal) -> bytes:
        """An error as an event of a stream."""
        return error_event(refusal)


class _AsResponses(OpenAI):
    """The same with responses for chat completions; their streams end with an event of their own."""

    terminator = b""

    def __init__(self, responses: Responses) -> None:
        self._responses = responses

    def answer(self, ask: Ask, answer: Answer, stamp: Stamp) -> bytes:
        """A whole response."""
        return self._responses.answer(ask, answer, stamp)

    def events(self, ask: Ask, answer: Answer, stamp: Stamp) -> Iterator[bytes]:
        """All events of a stream."""
        return self._responses.events(ask, answer, stamp)

    def error_event(self, refusal: Refusal) -> bytes:
        """An error as an event of a stream."""
        return response_error(refusal)


def _stored(path: bytes, method: bytes) -> Endpoint:
    """What is wanted of a stored response. Raises ``Refusal``."""
    response_id, slash, part = path.removeprefix(_RESPONSES + b"/").decode("utf-8", "replace").partition("/")
    match method, part if slash else None:
        case (b"GET", None):
            return Endpoint("stored", response_id, "get")
        case (b"DELETE", None):
            return Endpoint("stored", response_id, "delete")
        case (b"GET", "input_items"):
            return Endpoint("stored", response_id, "input_items")
        case _:
            raise Refusal(404, f"Invalid URL ({method.decode('latin-1')} {path.decode('utf-8', 'replace')})")

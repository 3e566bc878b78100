"""The OpenAI dialect as a simulated provider speaks it: paths, keys, and who writes what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from stellwerk.http.fields import Headers
from stellwerk.http.request import Request
from stellwerk.simulator.answer import Answer
from stellwerk.simulator.ask import Ask, Vectors
from stellwerk.simulator.dialect import Dialect, Endpoint, Stamp
from stellwerk.simulator.openai.embeddings import embeddings
from stellwerk.simulator.openai.errors import error_body, error_event, limit_fields
from stellwerk.simulator.openai.request import read_chat, read_embeddings
from stellwerk.simulator.openai.response import chat_completion, models
from stellwerk.simulator.openai.stream import TERMINATOR, chunks
from stellwerk.simulator.rate import Standing
from stellwerk.simulator.refusal import Refusal
from stellwerk.simulator.scenario import SimulatedModel

_POST = {b"/v1/chat/completions": Endpoint("answer"), b"/v1/embeddings": Endpoint("vectors")}
_MODELS = b"/v1/models"


class OpenAI(Dialect):
    """OpenAI's chat completions, embeddings and models."""

    base_path = "/v1"
    json_fields = b"content-type: application/json\r\n"
    stream_fields = b"content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
    terminator = TERMINATOR

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
        return read_chat(body) if endpoint.kind == "answer" else read_embeddings(body)

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

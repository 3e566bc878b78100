"""The Gemini dialect as a simulated provider speaks it: paths, keys, framings, and who writes what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from urllib.parse import unquote

import msgspec

from stellwerk.http.fields import Headers
from stellwerk.http.request import Request
from stellwerk.simulator.answer import Answer
from stellwerk.simulator.ask import Ask, Vectors
from stellwerk.simulator.dialect import Dialect, Endpoint, Stamp
from stellwerk.simulator.gemini.errors import INVALID_KEY, error_body
from stellwerk.simulator.gemini.request import read_count, read_embed, read_generate
from stellwerk.simulator.gemini.response import content, models, vectors
from stellwerk.simulator.gemini.stream import closing, opening
from stellwerk.simulator.gemini.usage import count_of
from stellwerk.simulator.rate import Standing
from stellwerk.simulator.refusal import Refusal
from stellwerk.simulator.scenario import SimulatedModel

_PATH = re.compile(
    r"/(?:v1|v1beta|v1beta1|v1alpha)(?:/projects/[^/]+/locations/[^/]+)?(?:/publishers/[^/]+)?/models(?:/(.+))?"
)
_STREAM = "streamGenerateContent"
_KINDS: dict[str, Endpoint] = {
    "generateContent": Endpoint("answer"),
    _STREAM: Endpoint("answer"),
    "countTokens": Endpoint("count"),
    "embedContent": Endpoint("vectors"),
    "batchEmbedContents": Endpoint("vectors"),
}


class Gemini(Dialect):
    """Google's content, counts, embeddings and models; streams as events."""

    base_path = ""
    json_fields = b"content-type: application/json; charset=UTF-8\r\n"
    stream_fields = b"content-type: text/event-stream\r\n"
    terminator = b""

    def endpoint(self, request: Request) -> Endpoint:
        """Where a request goes. Raises ``Refusal``."""
        path, method = request.path.decode("utf-8", "replace"), request.method.decode("latin-1")
        found = _PATH.fullmatch(path)
        if found is None:
            raise Refusal(404, f"The requested URL {path} was not found on this server.")
        name, colon, action = unquote(found.group(1) or "").rpartition(":")
        if not colon:
            name = action
            wanted, endpoint = "GET", Endpoint("model", name) if name else Endpoint("models")
        elif action in _KINDS:
            wanted, endpoint = "POST", Endpoint(_KINDS[action].kind, name, action)
        else:
            raise Refusal(404, f"The method {action} was not found on models/{name}.")
        if method != wanted:
            raise Refusal(405, f"Not allowed to {method}; use {wanted}.")
        return endpoint

    def credential(self, headers: Headers) -> str | None:
        """The API key, or else the bearer token."""
        key = headers.get(b"x-goog-api-key", b"").strip()
        if key:
            return key.decode("latin-1")
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        return token.strip().decode("latin-1") if scheme.lower() == b"bearer" and token.strip() else None

    def key_refusal(self, key: str | None) -> Refusal:
        """Google calls a missing key a lack of permission, and a wrong one an argument that is not valid."""
        if key is None:
            reason = "Method doesn't allow unregistered callers (callers without established identity)."
            return Refusal(403, f"{reason} Please use API Key or other form of API consumer identity.")
        return Refusal(400, "API key not valid. Please pass a valid API key.", code=INVALID_KEY)

    def framed(self, request: Request) -> Dialect:
        """An object of its own for a stream, which is an array unless events are asked for."""
        if not request.path.endswith(b":" + _STREAM.encode()):
            return self
        return Gemini() if b"alt=sse" in request.query.split(b"&") else GeminiArray()

    def read(self, endpoint: Endpoint, body: bytes) -> Ask | Vectors:
        """What the request asks. Raises ``Refusal``."""
        model = endpoint.model
        match endpoint.kind:
            case "answer":
                return read_generate(body, model, is_stream=endpoint.action == _STREAM)
            case "count":
                return read_count(body, model)
            case _:
                return read_embed(body, model, is_batch=endpoint.action == "batchEmbedContents")

    def models(self, endpoint: Endpoint, models_known: Sequence[SimulatedModel]) -> bytes:
        """The list of models, or the one that the path names."""
        return models(endpoint, models_known)

    def answer(self, ask: Ask, answer: Answer, stamp: Stamp) -> bytes:
        """A whole answer."""
        return content(ask, answer, stamp)

    def events(self, ask: Ask, answer: Answer, stamp: Stamp) -> Iterator[bytes]:
        """The events of a stream, all but those that say why its candidates end."""
        self.terminator = b"".join(map(_event, closing(ask, answer, stamp)))
        return map(_event, opening(ask, answer, stamp))

    def count(self, ask: Ask) -> bytes:
        """The tokens of a prompt."""
        return msgspec.json.encode(count_of(ask))

    def vectors(self, asked: Vectors, dimensions: int) -> bytes:
        """Embeddings."""
        return vectors(asked, dimensions)

    def fields(self, request_id: str, processing_ms: int) -> bytes:
        """How long it took; Google gives answers no id in a header."""
        del request_id
        return b"server-timing: gfet4t7; dur=%d\r\nvary: Origin\r\n" % processing_ms

    def limit_fields(self, requests: Standing | None, tokens: Standing | None) -> bytes:
        """Nothing: Google does not say where a caller stands."""
        del requests, tokens
        return b""

    def error_fields(self, refusal: Refusal) -> bytes:
        """Nothing: how long to wait is said in the body."""
        del refusal
        return b""

    def error(self, refusal: Refusal) -> bytes:
        """An error's body."""
        return error_body(refusal)

    def error_event(self, refusal: Refusal) -> bytes:
        """An error as an event of a stream."""
        return _event(error_body(refusal))

    def broken_event(self, content: bytes) -> bytes:
        """An event with a content that none may have."""
        return _event(content)


class GeminiArray(Gemini):
    """The same with one stream as the elements of an array; each object frames one stream."""

    stream_fields = Gemini.json_fields

    def __init__(self) -> None:
        self._opening = b"["

    def events(self, ask: Ask, answer: Answer, stamp: Stamp) -> Iterator[bytes]:
        """The elements of the array, with the brackets and commas before them; the last ones close it."""
        elements = opening(ask, answer, stamp)
        first = next(elements, None)
        self.terminator = (b"[" if first is None else b",\r\n") + b",\r\n".join(closing(ask, answer, stamp)) + b"]"
        return map(self._element, elements if first is None else chain((first,), elements))

    def error(self, refusal: Refusal) -> bytes:
        """An error's body: an array too."""
        return b"[%b]" % error_body(refusal)

    def error_event(self, refusal: Refusal) -> bytes:
        """An error as the last element."""
        return self._element(error_body(refusal)) + b"]"

    def broken_event(self, content: bytes) -> bytes:
        """An element that is none."""
        return self._element(content)

    def _element(self, response: bytes) -> bytes:
        opening, self._opening = self._opening, b",\r\n"
        return opening + response


def _event(response: bytes) -> bytes:
    return b"data: %b\r\n\r\n" % response

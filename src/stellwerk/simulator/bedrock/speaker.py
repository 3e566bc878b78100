"""The Bedrock Converse dialect as a simulated provider speaks it: paths, keys and signatures, and who writes what."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator, Sequence
from urllib.parse import unquote
from uuid import UUID

import msgspec

from stellwerk.http.fields import Headers
from stellwerk.http.request import Request
from stellwerk.simulator.answer import Answer
from stellwerk.simulator.ask import Ask, Vectors
from stellwerk.simulator.bedrock.errors import error_body, error_event, error_fields
from stellwerk.simulator.bedrock.frames import event
from stellwerk.simulator.bedrock.request import read_converse, read_count
from stellwerk.simulator.bedrock.response import converse, models
from stellwerk.simulator.bedrock.sigv4 import claim_of, verify
from stellwerk.simulator.bedrock.stream import frames, metadata
from stellwerk.simulator.dialect import Dialect, Endpoint, Stamp
from stellwerk.simulator.rate import Standing
from stellwerk.simulator.refusal import Refusal
from stellwerk.simulator.scenario import SimulatedModel

_STREAM = "converse-stream"
_CALL = re.compile(r"/model/([^/]+)/(converse|converse-stream|count-tokens)")
_MODELS = re.compile(r"/foundation-models(?:/([^/]+))?")
_MODEL = re.compile(r"[a-zA-Z0-9._:/-]{1,2048}")


class Bedrock(Dialect):
    """Converse, its streams, counts and models; what is each stream's own lies in an object of its own."""

    base_path = ""
    json_fields = b"content-type: application/json\r\n"
    stream_fields = b"content-type: application/vnd.amazon.eventstream\r\n"
    terminator = b""

    def endpoint(self, request: Request) -> Endpoint:
        """Where a request goes. Raises ``Refusal``."""
        path, method = request.path.decode("utf-8", "replace"), request.method.decode("latin-1")
        if found := _CALL.fullmatch(path):
            name, action = unquote(found.group(1)), found.group(2)
            wanted, endpoint = "POST", Endpoint("count" if action == "count-tokens" else "answer", name, action)
            if _MODEL.fullmatch(name) is None:
                raise Refusal(400, "The provided model identifier is invalid.", code="ValidationException")
        elif found := _MODELS.fullmatch(path):
            name = unquote(found.group(1) or "")
            wanted, endpoint = "GET", Endpoint("model", name) if name else Endpoint("models")
        else:
            raise Refusal(
                404, f"Unable to determine service/operation name for {path}", code="UnknownOperationException"
            )
        if method != wanted:
            raise Refusal(405, f"Not allowed to {method}; use {wanted}.", code="UnknownOperationException")
        return endpoint

    def credential(self, headers: Headers) -> str | None:
        """The bearer token, or the id of the key that the request is signed with."""
        claim = claim_of(headers)
        if claim is not None:
            return claim.key_id
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        return token.strip().decode("latin-1") if scheme.lower() == b"bearer" and token.strip() else None

    def knows(self, request: Request, key: str, keys: Collection[str]) -> bool:
        """Whether a bearer token is one of ``keys``, or a signature that of one of them. Raises ``Refusal``."""
        claim = claim_of(request.headers)
        if claim is None:
            return key in keys
        verify(request, claim, keys, time.time())
        return True

    def key_refusal(self, key: str | None) -> Refusal:
        """AWS forbids both; what is signed in a wrong form counts as not signed."""
        if key is None:
            return Refusal(403, "Missing Authentication Token", code="MissingAuthenticationTokenException")
        return Refusal(
            403, "Authentication failed: Please make sure your API Key is valid.", code="AccessDeniedException"
        )

    def framed(self, request: Request) -> Dialect:
        """An object of its own for a stream, which ends with what is this answer's alone."""
        return Bedrock() if request.path.endswith(b"/" + _STREAM.encode()) else self

    def read(self, endpoint: Endpoint, body: bytes) -> Ask | Vectors:
        """What the request asks. Raises ``Refusal``."""
        if endpoint.kind == "count":
            return read_count(body, endpoint.model)
        return read_converse(body, endpoint.model, is_stream=endpoint.action == _STREAM)

    def models(self, endpoint: Endpoint, models_known: Sequence[SimulatedModel]) -> bytes:
        """The list of models, or the one that the path names."""
        return models(endpoint, models_known)

    def answer(self, ask: Ask, answer: Answer, stamp: Stamp) -> bytes:
        """A whole answer."""
        return converse(ask, answer, stamp)

    def events(self, ask: Ask, answer: Answer, stamp: Stamp) -> Iterator[bytes]:
        """The frames of a stream, all but the metadata, with which it closes."""
        self.terminator = metadata(ask, answer, stamp)
        return frames(ask, answer)

    def count(self, ask: Ask) -> bytes:
        """The tokens of a prompt."""
        return msgspec.json.encode({"inputTokens": ask.prompt_tokens})

    def vectors(self, asked: Vectors, dimensions: int) -> bytes:
        """Nothing: no path leads to embeddings."""
        del asked, dimensions
        raise AssertionError("unreachable: no path leads to embeddings")

    def fields(self, request_id: str, processing_ms: int) -> bytes:
        """The request's id and how long it took."""
        return b"x-amzn-requestid: %b\r\nx-amzn-bedrock-invocation-latency: %d\r\n" % (
            str(UUID(request_id)).encode(),
            processing_ms,
        )

    def limit_fields(self, requests: Standing | None, tokens: Standing | None) -> bytes:
        """Nothing: AWS does not say where a caller stands."""
        del requests, tokens
        return b""

    def error_fields(self, refusal: Refusal) -> bytes:
        """The error's kind, and how long to wait if that is known."""
        return error_fields(refusal) + super().error_fields(refusal)

    def error(self, refusal: Refusal) -> bytes:
        """An error's body."""
        return error_body(refusal)

    def error_event(self, refusal: Refusal) -> bytes:
        """An error as a frame."""
        return error_event(refusal)

    def broken_event(self, content: bytes) -> bytes:
        """A frame with a payload that none may have; what is no JSON has a false checksum too.

        AWS's own client takes any payload for a message, so that nothing but the checksum would tell it.
        """
        made = event("contentBlockDelta", content)
        try:
            msgspec.json.decode(content)
        except msgspec.DecodeError:
            return made[:-1] + bytes((made[-1] ^ 0xFF,))
        return made

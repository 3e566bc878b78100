"""Services that judge texts as one simulated provider: a path for each, and the providers' own faults for all."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator, Sequence

import msgspec

from stellwerk.http.fields import Headers
from stellwerk.http.request import Request
from stellwerk.simulator.answer import Answer
from stellwerk.simulator.ask import Ask, Vectors
from stellwerk.simulator.bedrock.sigv4 import claim_of, verify
from stellwerk.simulator.dialect import Dialect, Endpoint, Stamp
from stellwerk.simulator.openai.errors import error_body, error_event
from stellwerk.simulator.rate import Standing
from stellwerk.simulator.refusal import Refusal
from stellwerk.simulator.scenario import SimulatedModel
from stellwerk.simulator.tokens import count
from stellwerk.simulator.verdicts.aws import Guardrail, GuardrailChecks, Pii, Toxicity
from stellwerk.simulator.verdicts.classifiers import Classify, Conversation, Moderation, Predict
from stellwerk.simulator.verdicts.filters import Analyze, Generate, Recognize, Shield
from stellwerk.simulator.verdicts.service import Form

_ROUTES: tuple[tuple[str, str, type[Form]], ...] = (
    (r"/guardrail-checks/invoke", "bedrock_checks", GuardrailChecks),
    (r"/guardrail/[^/]+/version/[^/]+/apply", "bedrock_guardrail", Guardrail),
    (r"/Comprehend_20171127\.DetectPiiEntities", "comprehend_pii", Pii),
    (r"/Comprehend_20171127\.DetectToxicContent", "comprehend_toxicity", Toxicity),
    (r"(?:/v1)?/moderations", "openai_moderation", Moderation),
    (r"/predict", "prompt_guard_tei", Predict),
    (r"(?:/v1)?/classify", "prompt_guard_vllm", Classify),
    (r"(?:/v1)?/chat/completions", "llama_guard", Conversation),
    (r"/contentsafety/text:analyze", "azure_content", Analyze),
    (r"/contentsafety/text:shieldPrompt", "azure_attacks", Shield),
    (r"/language/:analyze-text", "azure_pii", Recognize),
    (r"/v1(?:beta)?/models/[^/:]+:generateContent", "gemini", Generate),
)
"""A path (Comprehend's with the operation that a field names), the service's name as that of a model, its form."""

_FORMS = {name: form for _, name, form in _ROUTES}
_PATHS = tuple((re.compile(path), name) for path, name, _ in _ROUTES)
_KEY_FIELDS = (b"x-goog-api-key", b"ocp-apim-subscription-key", b"api-key")


class _Asked(Vectors, frozen=True, kw_only=True):
    """What a service is asked, in the place of what vectors are asked of."""

    form: Form


class Verdicts(Dialect):
    """Every service; errors have OpenAI's form."""

    base_path = ""
    json_fields = b"content-type: application/json\r\n"
    stream_fields = json_fields
    terminator = b""

    def endpoint(self, request: Request) -> Endpoint:
        """Where a request goes. Raises ``Refusal``."""
        path = request.path.decode("utf-8", "replace")
        if path == "/":
            path += request.headers.get(b"x-amz-target", b"").decode("latin-1")
        for pattern, name in _PATHS:
            if pattern.fullmatch(path):
                if request.method != b"POST":
                    raise Refusal(405, f"Not allowed to {request.method.decode('latin-1')}; use POST.")
                return Endpoint("vectors", name)
        raise Refusal(404, f"There is no service at {path}.")

    def credential(self, headers: Headers) -> str | None:
        """A key in any service's field, or the id of the key that the request is signed with."""
        claim = claim_of(headers)
        if claim is not None:
            return claim.key_id
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() == b"bearer" and token.strip():
            return token.strip().decode("latin-1")
        return next((headers[name].decode("latin-1") for name in _KEY_FIELDS if name in headers), None)

    def knows(self, request: Request, key: str, keys: Collection[str]) -> bool:
        """Whether it is one of ``keys``, or a signature that of one of them. Raises ``Refusal``."""
        claim = claim_of(request.headers)
        if claim is None:
            return key in keys
        verify(request, claim, keys, time.time(), services=("bedrock", "comprehend"))
        return True

    def read(self, endpoint: Endpoint, body: bytes) -> Ask | Vectors:
        """What the service is asked. Raises ``Refusal``."""
        try:
            form = msgspec.json.decode(body, type=_FORMS[endpoint.model])
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise Refusal(400, f"The request is none: {error}", code="invalid_request") from None
        texts = form.texts()
        if not any(texts):
            raise Refusal(400, "There is no text.", code="invalid_request")
        return _Asked(endpoint.model, tuple(texts), sum(map(count, texts)), None, is_base64=False, form=form)

    def models(self, endpoint: Endpoint, models: Sequence[SimulatedModel]) -> bytes:
        """Nothing: no path leads to models."""
        del endpoint, models
        raise AssertionError("unreachable: no path leads to models")

    def answer(self, ask: Ask, answer: Answer, stamp: Stamp) -> bytes:
        """Nothing: no path leads to answers."""
        del ask, answer, stamp
        raise AssertionError("unreachable: no path leads to answers")

    def events(self, ask: Ask, answer: Answer, stamp: Stamp) -> Iterator[bytes]:
        """Nothing: no path leads to streams."""
        del ask, answer, stamp
        raise AssertionError("unreachable: no path leads to streams")

    def vectors(self, asked: Vectors, dimensions: int) -> bytes:
        """The verdict."""
        del dimensions
        if not isinstance(asked, _Asked):
            raise TypeError("verdicts are asked for in a form")
        return msgspec.json.encode(asked.form.answer())

    def fields(self, request_id: str, processing_ms: int) -> bytes:
        """The request's id and how long it took."""
        return b"x-request-id: %b\r\nx-processing-ms: %d\r\n" % (request_id.encode(), processing_ms)

    def limit_fields(self, requests: Standing | None, tokens: Standing | None) -> bytes:
        """Nothing: where a caller stands is not told."""
        del requests, tokens
        return b""

    def error(self, refusal: Refusal) -> bytes:
        """An error's body."""
        return error_body(refusal)

    def error_event(self, refusal: Refusal) -> bytes:
        """Never sent: there are no streams."""
        return error_event(refusal)

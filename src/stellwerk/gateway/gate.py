"""Whether a weak model's answer goes to the caller, where the plan says what an answer has to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from stellwerk.core.acceptance import Acceptance, judge
from stellwerk.core.agreement import agree
from stellwerk.core.chat import ChatRequest, JsonSchemaFormat
from stellwerk.core.part import Refusal, Text
from stellwerk.core.reply import Logprobs, Reply, StopReason
from stellwerk.core.stream import Finished, RefusalDelta, TextDelta
from stellwerk.gateway.interpreter import Interpreter

if TYPE_CHECKING:
    from stellwerk.gateway.configuration import Route
    from stellwerk.gateway.reply import Reply as Answer


class Gate:
    """Judges the answers to one request, in whatever dialect they come."""

    __slots__ = ("_acceptance", "_identity", "_request", "_sample", "_schema", "_wants_json")

    def __init__(self, acceptance: Acceptance, request: ChatRequest, identity: str) -> None:
        self._acceptance = acceptance
        self._identity = identity
        self._request = request
        wanted = request.output_format
        self._wants_json = wanted is not None
        self._schema: object | None = None
        if isinstance(wanted, JsonSchemaFormat) and wanted.schema is not None:
            self._schema = msgspec.json.decode(wanted.schema)
        self._sample: tuple[str, str] | None = None

    def verdict(self, route: Route, body: bytes) -> str:
        """Why a whole answer does not do, empty where it does. Raises ``UpstreamInvalid``."""
        text, finish, logprobs = _said(route.speech.decode(body, self._request, self._identity))
        return self._judge(route, text, finish, logprobs)

    def verdict_on_stream(self, route: Route, raw: bytes) -> str:
        """Why a streamed answer does not do, given as the provider sent it. Raises ``UpstreamInvalid``."""
        decoder = route.speech.decoder(self._request, self._identity)
        text, finish, logprobs = "", "", list[float]()
        for event in (*decoder.feed(raw), *decoder.flush()):
            match event:
                case TextDelta(candidate=0):
                    text += event.text
                    logprobs += _logarithms(event.logprobs)
                case RefusalDelta(candidate=0):
                    finish = StopReason.REFUSAL.value
                case Finished(candidate=0):
                    finish = finish or event.finish.reason.value
                case _:
                    pass
        return self._judge(route, text, finish, logprobs)

    def wants_another(self, route: Route) -> bool:
        """Whether the answer that has just been found to do is to be compared with a second one of its target."""
        return self._acceptance.samples > 1 and self.has_sample_of(route)

    def has_sample_of(self, route: Route) -> bool:
        """Whether a first answer of this target waits for a second one."""
        return self._sample is not None and self._sample[0] == route.target.identity

    def _judge(self, route: Route, text: str, finish: str, logprobs: list[float]) -> str:
        sample, self._sample = self._sample, None
        why = judge(self._acceptance, text, finish, wants_json=self._wants_json, schema=self._schema, logprobs=logprobs)
        if why or self._acceptance.samples == 1:
            return why
        if sample is None or sample[0] != route.target.identity:
            self._sample = route.target.identity, text
            return ""
        return "" if agree(sample[1], text) else "two samples that do not agree"


def gate_of(acceptance: Acceptance, asked: Answer) -> Gate | None:
    """Who judges the answers to a request; nobody, where it is none of chat. Raises ``InvalidRequest``."""
    lease = asked.lease
    interpreter = asked.dialect.interpret(lease.envelope, lease.request_id)
    return Gate(acceptance, interpreter.read(), lease.request_id) if isinstance(interpreter, Interpreter) else None


def _said(reply: Reply) -> tuple[str, str, list[float]]:
    """What the first candidate says, why it ended, and how sure it was of its words."""
    if not reply.candidates:
        return "", "", []
    candidate = reply.candidates[0]
    parts = candidate.message.parts
    text = "".join(part.text for part in parts if isinstance(part, Text))
    finish = "" if candidate.finish is None else candidate.finish.reason.value
    if any(isinstance(part, Refusal) for part in parts):
        finish = StopReason.REFUSAL.value
    return text, finish, _logarithms(candidate.logprobs)


def _logarithms(logprobs: Logprobs | None) -> list[float]:
    return [] if logprobs is None else [token.logprob for token in logprobs.content or ()]

"""An answer that has come is kept, if it is one to keep: whole, plain, and for whom it may be.

All of it happens after the caller has its answer. What is personal stays with the caller that it came for; while nobody
can say whether it is, it counts as personal.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

import msgspec

from stellwerk.core.cached import Entry, Recorded
from stellwerk.core.chat import ChatRequest
from stellwerk.core.inspection import JOB, Inspect, question, read_answer
from stellwerk.core.part import Part, RedactedThinking, Refusal, Text, Thinking, ToolCall
from stellwerk.core.replay import gather
from stellwerk.core.reply import Reply as Answer
from stellwerk.core.reply import StopReason
from stellwerk.core.subject import Side, Speaker
from stellwerk.dialects import openai_ids
from stellwerk.dialects.utterances import utterances
from stellwerk.errors import StellwerkError
from stellwerk.gateway.dialect import Ids
from stellwerk.gateway.errand import Errand, Work
from stellwerk.gateway.speeches import is_spoken, speech_of

if TYPE_CHECKING:
    from stellwerk.core.event import RequestEvent
    from stellwerk.core.meaning import Considered
    from stellwerk.gateway.exchange import Exchange
    from stellwerk.gateway.recollection import Caching, Recollection
    from stellwerk.gateway.reply import Reply
    from stellwerk.gateway.stages.recall import Look
    from stellwerk.ports.guardrail import Guardrail

CHECK = "pii"
"""What tells personal data: a file of ``guardrails/``."""
LOOK_S = 2.0
"""How long that may take."""
LONGEST_HERE = 65_536
JITTER = 0.1
"""Answers of one moment do not all become old at once: each by up to this share of its time sooner."""
_PLAIN = frozenset((StopReason.END, StopReason.STOP_SEQUENCE))
_ENDS = frozenset(("", "stop", "end_turn", "STOP"))
"""How answers without a neutral form say that they are whole."""


class Keeping:
    """One answer on its way into the cache."""

    def __init__(
        self,
        caching: Caching,
        shared: Recollection,
        exchange: Exchange,
        reply: Reply,
        look: Look,
        raw: bytes,
        recorded: Recorded,
        event: RequestEvent,
        considered: Considered | None,
    ) -> None:
        """``raw`` is a digest of the request's very bytes.

        ``considered`` is what was thought of other questions' answers before this one was asked for.
        """
        self._caching = caching
        self._scheduler = exchange.scheduler
        self._is_own = reply.route is not None and reply.route.target.identity in exchange.model.standings
        self._target = reply.route.target.identity if reply.route is not None else ""
        self._model = exchange.model.name
        self._dialect = reply.dialect
        self._envelope = reply.lease.envelope
        self._look = look
        self._raw = raw
        self._recorded = recorded
        self._event = event
        self._is_personal = True
        self._said = ""
        self._considered = considered
        self._shared = shared
        self._done: Callable[[], object] = _nothing

    def start(self, done: Callable[[], object]) -> None:
        """Goes to work in a later turn. ``done`` is called when the answer is kept, or is not going to be."""
        self._done = done
        if (
            self._is_own
            and not self._names_kept()
            and len(self._recorded.answer) <= self._caching.store.max_entry_bytes
        ):
            self._scheduler.call_later(0.0, self._judge)
        else:
            done()

    def _names_kept(self) -> bool:
        """Whether the answer names what its provider keeps for its caller, itself aside."""
        named: list[str] = []

        def note(found: str) -> str:
            named.append(found)
            return found

        if self._dialect.ids is Ids.KEPT:
            openai_ids.seal(self._recorded.answer, note)
        return not all(found.startswith("resp_") for found in named)

    def _judge(self) -> None:
        try:
            texts = self._texts()
            if texts is None:
                self._done()
            else:
                self._look_for_personal(texts)
        except StellwerkError:
            self._done()  # what cannot be read is nothing to keep
        except Exception as error:  # noqa: BLE001  # nobody above a callback would hear of it
            self._fail(error)

    def _texts(self) -> tuple[tuple[str, Speaker], ...] | None:
        """All texts of the request and its answer; ``None`` where the answer is none to keep."""
        heard = tuple((one.text, one.speaker) for one in utterances(self._envelope.body))
        decode = getattr(self._dialect, "decode", None)
        if decode is None or not is_spoken(self._recorded.dialect):
            if self._event.finish not in _ENDS or self._recorded.is_stream:
                return None
            said = tuple(one.text for one in utterances(self._recorded.answer))
        else:
            reply = answer_in(self._recorded, decode(self._envelope), self._caching)
            if reply is None or not self._is_plain(reply):
                return None
            self._said = "\n".join(_said(reply))
            # Whatever stands in it: sources, members that nobody here knows.
            said = (self._said, *(one.text for one in utterances(msgspec.json.encode(reply))))
        return heard + tuple((text, Speaker.ASSISTANT) for text in said)

    def _is_plain(self, reply: Answer) -> bool:
        """Whether it is an answer that may stand for others: whole, no refusal, and nothing to be done after it."""
        wanted = _PLAIN | {StopReason.TOOL_CALLS} if self._caching.spec.tool_calls else _PLAIN
        for candidate in reply.candidates:
            parts = candidate.message.parts
            if candidate.finish is None or candidate.finish.reason not in wanted or not any(map(_is_content, parts)):
                return False
            if any(isinstance(part, Refusal) for part in parts):
                return False
            if not self._caching.spec.tool_calls and any(isinstance(part, ToolCall) for part in parts):
                return False
        return bool(reply.candidates)

    def _look_for_personal(self, texts: tuple[tuple[str, Speaker], ...]) -> None:
        def payload() -> bytes:
            return question(Inspect(((CHECK, {}),), texts, Side.INPUT))

        def take(told: bytes) -> None:
            found = read_answer(told)
            if len(found) != len(texts):
                raise ValueError("not every text was judged")
            self._is_personal = any(isinstance(by_check[0], str) or by_check[0] for by_check in found)

        work = Work(JOB, payload, take, lambda: self._steps(texts))
        Errand(work, self._scheduler.compute, self._scheduler.call_later, self._keep, self._fail).start(LOOK_S)

    def _steps(self, texts: tuple[tuple[str, Speaker], ...]) -> Iterator[None]:
        """The same here, one text after the other."""
        from stellwerk import plugins
        from stellwerk.text.reading import read

        check = cast("Guardrail", plugins.build("guardrails", CHECK, {}))
        for text, speaker in texts:
            if len(text) > LONGEST_HERE or check.check(read(text, speaker=speaker, side=Side.INPUT)):
                return
            yield
        self._is_personal = False

    def _keep(self) -> None:
        is_rejected = self._event.request_id in self._shared.rejected
        if is_rejected or (self._is_personal and not self._caching.keeps_personal):
            self._done()
            return
        look, spec, event = self._look, self._caching.spec, self._event
        at = 0 if self._is_personal else -1
        now_ms = event.started_ms + event.latency_us // 1000
        fresh_ms = now_ms + int(spec.ttl_s * 1e3 * (1 - JITTER * random.random()))  # noqa: S311  # no secret
        recorded = self._recorded
        entry = Entry(
            key=look.exact[at],
            scope=look.scopes[at],
            tenant=look.owners[at],
            model=self._model,
            target=self._target,
            dialect=recorded.dialect,
            is_stream=recorded.is_stream,
            answer=recorded.answer,
            stored_ms=now_ms,
            fresh_ms=fresh_ms,
            stale_ms=fresh_ms + int(spec.stale_s * 1e3),
            input_tokens=event.input_tokens,
            output_tokens=event.output_tokens,
            nanos=event.cost_nanos,
            finish=event.finish,
            aliases=look.alike[at:][:1],
            tags=tuple(tag for tag in event.tags.split(",") if tag),
            question=(look.question or "") if spec.semantic and look.is_plain else "",
            vector=self._considered.vector if self._considered is not None else b"",
        )
        self._shared.cache.keep(entry, now_ms)
        self._shared.shortcuts.note(self._raw, entry.key)
        if spec.semantic:
            self._shared.meanings.remember(self._caching, entry, self._scheduler)
            self._learn(entry)
        self._done()

    def _learn(self, entry: Entry) -> None:
        """Tells whether the answer to another question would have been right, which might have been served."""
        considered = self._considered
        if considered is None or considered.evidence is None:
            return
        near = self._shared.cache.peek(considered.key, entry.stored_ms)
        if near is None:
            return
        kept = text_of(near, self._caching)
        if kept:
            fresh = (entry.key, self._said)
            self._shared.meanings.learn(
                self._caching,
                self._look,
                considered.evidence,
                fresh,
                (near.key, kept),
                self._scheduler,
                is_audit=False,
            )

    def _fail(self, error: Exception) -> None:
        from stellwerk.gateway.defect import report

        report(self._scheduler.log, error, self._event.request_id)
        self._done()


def answer_in(recorded: Recorded, asked: ChatRequest, caching: Caching) -> Answer | None:
    """What is recorded, in the neutral form; ``None`` for a stream that is not whole. Raises ``UpstreamInvalid``."""
    speech = speech_of(recorded.dialect, caching.limits)
    if not recorded.is_stream:
        return speech.decode(recorded.answer, asked, "")
    decoder = speech.decoder(asked, "")
    return gather([*decoder.feed(recorded.answer), *decoder.flush()])


def text_of(entry: Entry | Recorded, caching: Caching) -> str:
    """The words of an answer that is kept; empty where it cannot be read."""
    recorded = Recorded(entry.dialect, entry.is_stream, entry.answer)
    try:
        reply = answer_in(recorded, ChatRequest("", ()), caching)
    except StellwerkError:
        return ""
    return "\n".join(_said(reply)) if reply is not None else ""


def _nothing() -> None:
    """Nobody waits for it."""


def _is_content(part: Part) -> bool:
    return not isinstance(part, Thinking | RedactedThinking) and (not isinstance(part, Text) or bool(part.text.strip()))


def _said(reply: Answer) -> Iterator[str]:
    for candidate in reply.candidates:
        for part in candidate.message.parts:
            if isinstance(part, Text | Thinking):
                yield part.text
            elif isinstance(part, ToolCall):
                yield part.arguments

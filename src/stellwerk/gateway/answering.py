"""A target's whole answer: read, looked at, weighed, and on its way to the caller, or a reason to ask someone else."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from stellwerk.errors import ContentBlocked, GuardrailUnavailable, StellwerkError, UpstreamInvalid
from stellwerk.gateway.oddity import oddity
from stellwerk.gateway.reply import JSON

if TYPE_CHECKING:
    from collections.abc import Callable

    from stellwerk.core.reply import ReplyFacts
    from stellwerk.gateway.attempt import Attempt
    from stellwerk.gateway.custody import Custody, Handed
    from stellwerk.http.fields import Headers

REFUSED = 400


class Answering:
    """One answer of an attempt. What is wrong with it ends the attempt, or the exchange."""

    __slots__ = ("_attempt", "_body", "_headers")

    def __init__(self, attempt: Attempt, headers: Headers, body: bytes) -> None:
        self._attempt = attempt
        self._headers = headers
        self._body = body

    def take(self, status: int) -> None:
        """The answer has come, with this status."""
        self._step(partial(self._take, status))

    def _step(self, step: Callable[[], None]) -> None:
        """Goes on with it, and tells of what is wrong with it."""
        attempt = self._attempt
        exchange = attempt.exchange
        try:
            step()
        except UpstreamInvalid as error:
            exchange.attempt_failed(attempt, error)
        except (ContentBlocked, GuardrailUnavailable) as error:  # it has answered, and is paid
            attempt.unpaid = attempt.reply.dialect.facts(self._body).usage
            exchange.refuse(error)
        except StellwerkError as error:
            exchange.fail(error)
        except Exception as error:  # noqa: BLE001  # nobody above a callback would answer the caller
            exchange.fail_by_defect(error)

    def _take(self, status: int) -> None:
        attempt, body = self._attempt, self._body
        marking = attempt.reply.marking
        if status == REFUSED and marking is not None and marking.is_refused(attempt.route, body):
            attempt.ask_unmarked()
        elif status != 200:
            attempt.exchange.attempt_failed(attempt, attempt.refusal(status, self._headers, body))
        elif (odd := oddity(self._headers, is_stream=attempt.reply.lease.envelope.is_stream)) is not None:
            attempt.exchange.attempt_failed(attempt, UpstreamInvalid(odd))
        elif attempt.custody is not None and attempt.interpreter is None:
            self._hand(attempt.custody)
        else:
            self._foresee(body, self._read)

    def _foresee(self, body: bytes, read: Callable[[], None]) -> None:
        """Reads an answer: a long one when checks have looked at it, which others need not wait for."""
        attempt = self._attempt
        exchange, reader, screening = attempt.exchange, attempt.reader, attempt.exchange.screening
        work = None
        if screening is not None and reader is not None:
            work = screening.foreseeing.begun(exchange, reader, attempt.route, body, partial(self._go_on, read))
        if work is None or screening is None:
            read()
            return
        attempt.pending, attempt.unpaid = work  # it is paid, whoever leaves meanwhile
        exchange.begin()
        work[0].start(screening.deadline_s)

    def _go_on(self, read: Callable[[], None]) -> None:
        self._attempt.pending = self._attempt.unpaid = None
        self._step(read)

    def _read(self) -> None:
        attempt, body = self._attempt, self._body
        exchange, reply, reader = attempt.exchange, attempt.reply, attempt.reader
        answer = (body, reply.dialect.facts(body)) if reader is None else reader.answer(attempt.route, body)
        if exchange.leading is not None:
            exchange.leading.heard(attempt.route, body)
        if exchange.is_gated:
            self._weigh(*answer)
            return
        if (screening := exchange.screening) is not None and screening.holds_answers:
            screening.answered(screening.said, self._settled(*answer))
            return
        now = exchange.settle_on(attempt)
        if attempt.answered(now):
            attempt.heed(self._headers)
        attempt.release()
        exchange.finish()
        reply.respond(*answer, now)

    def _weigh(self, body: bytes, facts: ReplyFacts) -> None:
        """The answer goes to the caller, if it does: it is judged as the target gave it."""
        attempt = self._attempt
        exchange, reply = attempt.exchange, attempt.reply
        gate = exchange.gate_for(attempt)
        why = gate.verdict(attempt.route, self._body) if gate is not None else ""

        def respond() -> None:
            reply.respond(body, facts, exchange.settle_on(attempt))
            exchange.finish()

        deliver = attempt.once_judged(facts.usage, respond)
        attempt.answered(exchange.clock())
        attempt.release()
        if gate is None or not (why or gate.wants_another(attempt.route)):
            deliver()
        else:
            exchange.turn_down(attempt, why, facts.usage, deliver)

    def _settled(self, body: bytes, facts: ReplyFacts, kind: bytes = JSON) -> Callable[[], None]:
        """The answer is here, and nobody else's is wanted: what hands it on, once it is known that this may be done."""
        attempt = self._attempt
        exchange, reply = attempt.exchange, attempt.reply
        attempt.answered(exchange.settle_on(attempt))
        attempt.release()
        attempt.owes, attempt.unpaid = True, facts.usage

        def deliver() -> None:
            reply.respond(body, facts, exchange.clock(), kind)
            exchange.finish()

        return deliver

    def _hand(self, custody: Custody) -> None:
        """An answer under sealed ids, or the next question that it takes: one attempt, however many these are."""
        attempt, body = self._attempt, self._body
        exchange, reply = attempt.exchange, attempt.reply
        handed = custody.hand(attempt.route, self._headers, body, reply.dialect.facts(body))
        if handed is not None:
            if exchange.leading is not None:
                exchange.leading.heard(attempt.route, body)
            self._foresee(handed.body, partial(self._hand_on, handed))
            return
        attempt.answered(exchange.settle_on(attempt))
        attempt.release()
        reply.attempts -= 1
        exchange.ask_on(attempt)

    def _hand_on(self, handed: Handed) -> None:
        attempt, body, screening = self._attempt, handed.body, self._attempt.exchange.screening
        if attempt.reader is not None:
            body = attempt.reader.answer(attempt.route, body)[0]
        deliver = self._settled(body, handed.facts, handed.fields)
        if screening is None:
            deliver()
        else:
            screening.answered(screening.said, deliver)

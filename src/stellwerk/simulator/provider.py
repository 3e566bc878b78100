"""One simulated provider: the application behind its front, from an accepted request to its reply."""

from __future__ import annotations

from typing import Any

from stellwerk.errors import RequestError
from stellwerk.http.request import BodySink, Request
from stellwerk.simulator.ask import Ask, Vectors
from stellwerk.simulator.catalog import Catalog
from stellwerk.simulator.control import PATH as CONTROL_PATH
from stellwerk.simulator.control import control
from stellwerk.simulator.delivery import Caller, Whole
from stellwerk.simulator.dialect import Dialect
from stellwerk.simulator.dice import Dice, digest
from stellwerk.simulator.fault import STREAM_ONLY, Fault, PlannedFault, planned
from stellwerk.simulator.journal import Entry, Journal
from stellwerk.simulator.memory import Repeats
from stellwerk.simulator.rate import RateLimits
from stellwerk.simulator.refusal import Refusal
from stellwerk.simulator.reply import Replier
from stellwerk.simulator.scenario import SimulatedProvider
from stellwerk.simulator.send import error_of, send, spoil
from stellwerk.simulator.steering import HEADER, NOTHING, Steering, read_steering, steered_fault
from stellwerk.simulator.timetable import Timetable

_SECRET_FIELDS = frozenset(
    {b"authorization", b"api-key", b"x-api-key", b"x-goog-api-key", b"x-amz-security-token", b"cookie"}
)


class Provider:
    """Answers, refuses and fails as its part of the scenario says."""

    def __init__(self, spec: SimulatedProvider, dialect: Dialect, seed: int, timetable: Timetable) -> None:
        self.spec = spec
        self.journal = Journal(timetable.time(), remember=spec.remember_requests)
        self._timetable = timetable
        self._dialect = dialect
        self._faults = spec.faults
        self._catalog = Catalog(spec)
        self._keys = frozenset(spec.keys)
        self._limits = RateLimits(spec.rpm, spec.tpm)
        seed_bytes = digest(f"{seed}/{spec.name}".encode())
        self._replier = Replier(dialect, seed_bytes, spec.language, has_prompt_cache=spec.prompt_cache)
        self._dice = Dice(digest(seed_bytes, b"faults"))
        self._repeats = Repeats()
        self._turns = 0

    # -- what the front says

    def handle(self, request: Request) -> None:
        """Answers a request, now or later."""
        if request.path == CONTROL_PATH or request.path.startswith(CONTROL_PATH + b"/"):
            control(request, self)
            return
        entry = self.journal.begin(request.path.decode("utf-8", "replace"), self._timetable.time(), request.headers)
        caller = Caller(request, self._timetable, self.journal, entry)
        if self.spec.remember_bodies:
            entry.body = request.body.decode("utf-8", "replace")
            entry.headers = _shown(request.headers)
        try:
            self._serve(caller)
        except Refusal as refusal:
            self._refuse(caller, refusal, 0.0)

    def accept(self, request: Request) -> BodySink | None:
        """Large bodies are collected like small ones."""
        del request
        return None

    def refusal(self, error: RequestError, request: Request) -> tuple[bytes, bytes]:
        """What the engine itself refuses, in the dialect's shape."""
        del request
        refused = Refusal(error.status, error.message, code=error.code)
        return self._dialect.json_fields + self._dialect.error_fields(refused), self._dialect.error(refused)

    # -- what a test says

    def report(self) -> dict[str, Any]:
        """Counters and the last requests."""
        return {"name": self.spec.name, **self.journal.report()}

    def reset(self) -> None:
        """Forgets counters and requests, and starts the plan of faults anew."""
        self.journal = Journal(self._timetable.time(), remember=self.spec.remember_requests)
        self._turns = 0

    def let_pass(self, seconds: float) -> None:
        """Lets time go by for what is kept of prompts."""
        self._replier.let_pass(seconds)

    def set_faults(self, faults: tuple[PlannedFault, ...]) -> None:
        """Replaces the plan of faults; requests and seconds go on counting."""
        self._faults = faults

    # -- one request

    def _serve(self, caller: Caller) -> None:
        request, entry = caller.request, caller.entry
        endpoint = self._dialect.endpoint(request)
        key = self._authenticate(request, entry)
        if endpoint.kind in {"models", "model"}:
            if endpoint.kind == "model":
                self._catalog.behaviour(endpoint.model)
            self._tell(caller, self._dialect.models(endpoint, self._catalog.models))
            return
        if endpoint.kind == "stored":
            self._tell(caller, self._dialect.stored(endpoint))
            return
        asked = self._dialect.read(endpoint, request.body)
        behaviour = self._catalog.behaviour(asked.model)
        is_stream, wants_usage = (asked.is_stream, asked.wants_usage) if isinstance(asked, Ask) else (False, False)
        caller.journal.name(entry, asked.model, is_stream=is_stream, wants_usage=wants_usage)
        steering = self._steering(request, asked)
        fault = self._fault(caller, asked, steering)
        if fault is not None and fault.status is not None:
            self._refuse(caller, error_of(fault, fault.status), fault.delay_ms / 1_000)
            return
        fields = self._admit(key, asked)
        if endpoint.kind == "count" and isinstance(asked, Ask):
            self._tell(caller, self._dialect.count(asked))
            return
        if isinstance(asked, Ask):
            dialect = self._dialect.framed(request)
            reply = self._replier.answer(asked, behaviour, steering, fields, dialect)
        else:
            reply = self._replier.vectors(asked, behaviour, steering, fields)
        caller.journal.spend(entry, reply.prompt_tokens, reply.output_tokens)
        if fault is None:
            send(reply, caller)
        else:
            spoil(reply, caller, fault)

    def _authenticate(self, request: Request, entry: Entry) -> str:
        key = self._dialect.credential(request.headers)
        if key is not None:
            entry.key = f"…{key[-4:]}"
        if self._keys and (key is None or not self._dialect.knows(request, key, self._keys)):
            raise self._dialect.key_refusal(entry.key)
        return key or ""

    def _steering(self, request: Request, asked: Ask | Vectors) -> Steering:
        text = asked.text if isinstance(asked, Ask) else " ".join(asked.texts)
        steering = read_steering(request.headers.get(HEADER), text)
        return NOTHING if steering.at is not None and steering.at != self.spec.name else steering

    def _fault(self, caller: Caller, asked: Ask | Vectors, steering: Steering) -> Fault | None:
        """What goes wrong with this request: what it asks for itself, else what the plan says."""
        self._turns += 1
        caller.entry.turn = self._turns
        fault: Fault | None
        if steering.fault is None:
            elapsed_s = self._timetable.time() - caller.journal.started_at
            fault = planned(self._faults, self._turns, elapsed_s, asked.model, self._dice)
        elif steering.times is not None and self._repeats.count(asked.content) > steering.times:
            fault = None
        else:
            fault = steered_fault(steering)
        if fault is None or (fault.kind in STREAM_ONLY and not caller.entry.is_stream):
            return None
        caller.journal.fault(caller.entry, fault.name)
        return fault

    def _admit(self, key: str, asked: Ask | Vectors) -> bytes:
        """Checks the limits; gives the header fields that say where the caller stands with them."""
        if not self._limits.is_limiting:
            return b""
        cap = asked.max_tokens if isinstance(asked, Ask) else None
        standings = self._limits.take(key, asked.model, asked.prompt_tokens + (cap or 0), self._timetable.time())
        fields = self._dialect.limit_fields(*standings)
        for name, standing in zip(("requests", "tokens"), standings, strict=True):
            if standing is not None and standing.wait_s > 0:
                message = f"Rate limit reached for {asked.model} on {name} per minute: limit {standing.limit}."
                raise Refusal(429, message, code="rate_limit_exceeded", retry_after_s=standing.wait_s, fields=fields)
        return fields

    def _refuse(self, caller: Caller, refusal: Refusal, delay_s: float) -> None:
        dialect = self._dialect.framed(caller.request)
        fields = (
            dialect.json_fields
            + self._replier.refuse(refusal, delay_s)
            + refusal.fields
            + dialect.error_fields(refusal)
        )
        Whole(caller).send(delay_s, refusal.status, fields, dialect.error(refusal))

    def _tell(self, caller: Caller, body: bytes) -> None:
        Whole(caller).send(0.0, 200, self._dialect.json_fields + self._replier.fields(0.0), body)


def _shown(headers: dict[bytes, bytes]) -> dict[str, str]:
    """Headers for people to read, without the secrets in them."""
    return {
        name.decode("latin-1"): "…" if name in _SECRET_FIELDS else value.decode("latin-1")
        for name, value in headers.items()
    }

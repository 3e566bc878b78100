"""``POST /v1/feedback``: callers say what an answer was worth; one that is called bad goes from the cache.

It goes for everybody who shares it, with those that the index holds for the same answer; where it was found by meaning,
its scope learns that this was wrong. Only a request of the caller's own team, or of its key, can be spoken of, and what
one key keeps for itself goes only by that key. The last word about a request counts; saying it again changes nothing.

Records are read and written in a thread. While they cannot be, callers are told so (503). While the compute process is
away, only the answer itself goes, and nothing is learned.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter, OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import msgspec

from stellwerk.core.cache_record import concerned
from stellwerk.core.cached import Purge
from stellwerk.core.feedback import BAD, Feedback
from stellwerk.core.meaning import REJECT, Evidence, Reject, read_rejected, written
from stellwerk.errors import InvalidRequest, LimitExceeded, NotFound, Overloaded, PayloadTooLarge, StellwerkError
from stellwerk.gateway.defect import report
from stellwerk.gateway.meanings import TELL_S, learner_of
from stellwerk.gateway.reply import JSON, status_of
from stellwerk.gateway.stages.authenticate import ANY
from stellwerk.gateway.stages.recall import owners
from stellwerk.ports.compute import ComputeUnavailable
from stellwerk.stores.sqlite.feedback import keep_feedback
from stellwerk.stores.sqlite.read import find_event

if TYPE_CHECKING:
    from stellwerk.core.event import RequestEvent
    from stellwerk.core.identity import Principal
    from stellwerk.gateway.dialect import Dialect
    from stellwerk.gateway.pipeline import Pipeline
    from stellwerk.gateway.recollection import Caching, Recollection
    from stellwerk.http.request import Request
    from stellwerk.ports.compute import Outcome

MOST_BYTES = 16_384
MOST_COMMENT = 2_000
MOST_WAITING = 64
MOST_OF_KEY = 16
"""So many of one key may wait, for nobody is to keep others from being heard."""
RETRY_AFTER = b"retry-after: 1\r\n"
PAUSES_S = (0.25, 0.25, 0.5, 1.0)
"""A request may be spoken of before it is on record: so much later it is looked for again."""
FRESH_MS = 10_000
LATE_MS = 1_000
"""An answer is kept by so much later than a request ended that it was given to, as those who followed know it."""
AGAIN_S = 5.0
"""So soon after it was let go of, an entry is not let go of again: every process looks at each purge for a while."""
MOST_REMOVED = 4_096
_ID = re.compile(r"[0-9a-f]{32}")


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is sent."""

    request_id: str
    value: Literal[-1, 1]
    comment: Annotated[str, msgspec.Meta(max_length=MOST_COMMENT)] = ""


class Taken(NamedTuple):
    """The request that was spoken of, and whether its answer was called bad for the first time."""

    event: RequestEvent
    is_first: bool


_decode = msgspec.json.Decoder(Said).decode


class Feedbacks:
    """Takes feedback for one worker."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._thread = ThreadPoolExecutor(1, "feedback")
        self._waiting: Counter[str] = Counter()
        """How many are being taken, by key."""
        self._removed: OrderedDict[bytes, tuple[int, float]] = OrderedDict()
        """Entries that were let go of, by their keys: up to when they were kept, and when that was said."""

    def take(self, request: Request, dialect: Dialect, request_id: str) -> None:
        """Answers now or later. ``dialect`` says how errors look. Raises what is wrong with the request.

        Raises ``StoreUnavailable`` where names of callers are not kept, and the host's secret cannot be read.
        """
        principal = self._pipeline.caller(request, ANY)
        said = _read(request.body)
        if not _ID.fullmatch(said.request_id):
            raise _unknown(said.request_id)
        if (full := self._refusal(principal.key_name)) is not None:
            request.extra_fields += RETRY_AFTER
            raise full
        configuration = self._pipeline.configuration
        redaction = configuration.redaction
        name, comment = principal.key_name, said.comment
        if redaction is not None:
            name, comment = redaction.caller(name), redaction.text(comment)
            if name != principal.key_name:
                redaction.key()  # without which callers cannot be told apart
        directory = Path(configuration.snapshot.state.directory) / "events"
        feedback = Feedback(said.request_id, int(time.time() * 1e3), name, said.value, comment)
        self._waiting[principal.key_name] += 1
        request.owner = one = _One(self, request, dialect, request_id, principal, directory, feedback)
        one.look()

    def submit(self, one: _One) -> None:
        """Has the records looked at."""
        asyncio.get_running_loop().run_in_executor(self._thread, one.keep).add_done_callback(one.on_kept)

    def later(self, delay_s: float, one: _One) -> None:
        """Has them looked at once more."""
        self._pipeline.scheduler.call_later(delay_s, one.look)

    def end(self, key_name: str) -> None:
        """One has been answered."""
        self._waiting[key_name] -= 1
        self._waiting += Counter()  # those who have none are not counted

    def report(self, error: Exception, request_id: str) -> None:
        """A defect."""
        report(self._pipeline.scheduler.log, error, request_id)

    def remove(self, taken: Taken, principal: Principal, *, is_own: bool) -> bool:
        """Lets the answer go, wherever it is kept; whether it was one that is, or may be."""
        shared, event = self._pipeline.recollection, taken.event
        found = concerned(event.cache)
        keys = found.shared + (found.own if is_own else ())
        if shared is None or not keys:
            return False
        shared.reject(event.request_id)
        self._purge(shared, keys, event.started_ms + event.latency_us // 1_000 + LATE_MS)
        model = self._pipeline.configuration.models.get(event.model)
        if taken.is_first and model is not None and model.caching is not None and model.caching.spec.semantic:
            speaker = principal if is_own else msgspec.structs.replace(principal, key_name=event.key_name)
            self._reject(shared, model.caching, speaker, keys, found.evidence)
        return True

    def _refusal(self, key_name: str) -> StellwerkError | None:
        """Why there is no room for more of this key."""
        if self._waiting[key_name] >= MOST_OF_KEY:
            return LimitExceeded(f"This key gives feedback on more than {MOST_OF_KEY} requests at the same time.")
        if self._waiting.total() >= MOST_WAITING:
            return Overloaded("Too much feedback is being taken at the moment.")
        return None

    def _purge(self, shared: Recollection, keys: tuple[bytes, ...], before_ms: int) -> None:
        """An answer that has come since in the place of the bad one stays."""
        removed, now = self._removed, self._pipeline.scheduler.deadlines.clock()
        for key in keys:
            until_ms, at = removed.get(key, (0, 0.0))
            if before_ms <= until_ms and now < at + AGAIN_S:
                continue
            removed[key] = before_ms, now
            removed.move_to_end(key)
            if len(removed) > MOST_REMOVED:
                removed.popitem(last=False)
            shared.cache.purge(Purge(key=key, before_ms=before_ms), int(time.time() * 1e3))

    def _reject(
        self,
        shared: Recollection,
        caching: Caching,
        speaker: Principal,
        keys: tuple[bytes, ...],
        evidence: Evidence | None,
    ) -> None:
        """Tells the index, which knows what else says the same; that goes as well."""
        learner = learner_of(caching, owners(speaker, caching.spec.scope)[-1])

        def take(outcome: Outcome) -> None:
            if isinstance(outcome, bytes):
                same = tuple(key for key in read_rejected(outcome).keys if key not in keys)
                self._purge(shared, same, int(time.time() * 1e3))

        compute = self._pipeline.scheduler.compute
        if compute is None:
            return
        with suppress(ComputeUnavailable):
            for key in keys:
                compute.ask(REJECT, written(Reject(learner, key, evidence)), TELL_S, take)


class _One:
    """Somebody's feedback on its way. A caller that leaves has said it all the same."""

    def __init__(
        self,
        desk: Feedbacks,
        request: Request,
        dialect: Dialect,
        request_id: str,
        principal: Principal,
        directory: Path,
        feedback: Feedback,
    ) -> None:
        self._desk = desk
        self._request = request
        self._dialect = dialect
        self._request_id = request_id
        self._principal = principal
        self._directory = directory
        self._feedback = feedback
        is_fresh = abs(feedback.at_ms - int(feedback.request_id[:12], 16)) < FRESH_MS
        self._pauses = iter(PAUSES_S if is_fresh else ())

    def look(self) -> None:
        """Looks for the request that is spoken of."""
        self._desk.submit(self)

    def keep(self) -> Taken | None:
        """Keeps what is said, in the thread; nothing where there is no such request. Raises ``StoreUnavailable``."""
        event = find_event(self._directory, self._feedback.request_id)
        if event is None or not self._may_speak_of(event):
            return None
        return Taken(event, keep_feedback(self._directory, event, self._feedback))

    def on_kept(self, keeping: asyncio.Future[Taken | None]) -> None:
        """Answers, or looks again."""
        is_over = True
        try:
            taken = keeping.result()
            if taken is not None:
                self._answer(taken)
            elif (pause_s := next(self._pauses, None)) is not None:
                is_over = False
                self._desk.later(pause_s, self)
            else:
                self._refuse(_unknown(self._feedback.request_id))
        except StellwerkError as error:
            self._refuse(error)
        except Exception as error:  # noqa: BLE001  # nobody above a callback would answer the caller
            self._desk.report(error, self._request_id)
            self._refuse(StellwerkError("The gateway failed to serve this request."))
        finally:
            if is_over:
                self._desk.end(self._principal.key_name)

    def _answer(self, taken: Taken) -> None:
        is_own = taken.event.key_name == self._feedback.key_name
        is_bad = self._feedback.value == BAD
        is_removed = is_bad and self._desk.remove(taken, self._principal, is_own=is_own)
        told = {"object": "feedback", "request_id": self._feedback.request_id, "value": self._feedback.value}
        self._request.respond(200, JSON, msgspec.json.encode({**told, "removed": is_removed}))

    def _refuse(self, error: StellwerkError) -> None:
        fields = JSON + self._dialect.error_fields(error)
        self._request.respond(status_of(error), fields, self._dialect.error(error))

    def _may_speak_of(self, event: RequestEvent) -> bool:
        """Whether it is a request of the caller's team, or of its key where it has none."""
        caller = self._principal
        if (event.organization, event.team) != (caller.organization, caller.team):
            return False
        return bool(caller.team) or event.key_name == self._feedback.key_name

    def on_gone(self) -> None:
        """What was said is kept all the same."""

    def on_pause(self) -> None:
        """There is nothing to stop."""

    def on_resume(self) -> None:
        """There is nothing to go on with."""


def _read(body: bytes) -> Said:
    if len(body) > MOST_BYTES:
        message = f"Feedback may have {MOST_BYTES} bytes."
        raise PayloadTooLarge(message)
    try:
        return _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        message = f"Invalid feedback: {error}"
        raise InvalidRequest(message) from None


def _unknown(request_id: str) -> NotFound:
    return NotFound(f"No request of yours with the id {request_id[:64]!r} is on record.")

"""Delivers one answer: when, in which pieces, and with which end. Callbacks and timers, no task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

import msgspec

from stellwerk.http.request import Request
from stellwerk.simulator import wire
from stellwerk.simulator.journal import Entry, Journal
from stellwerk.simulator.timetable import Appointment, Timetable

BATCH_BYTES = 16_384
"""So much of what is due at once goes out in one write."""

Finale = Callable[["Delivery"], None]


class Caller(msgspec.Struct, frozen=True):
    """Who gets an answer, and where it is noted what became of it."""

    request: Request
    timetable: Timetable
    journal: Journal
    entry: Entry


class Delivery:
    """The life of one answer, from the moment that it is decided. Notes its end in the journal exactly once."""

    __slots__ = ("_appointment", "entry", "is_paused", "journal", "request", "timetable")

    def __init__(self, caller: Caller) -> None:
        self.request = caller.request
        self.timetable = caller.timetable
        self.journal = caller.journal
        self.entry = caller.entry
        self.is_paused = False
        self._appointment: Appointment | None = None
        caller.request.owner = self

    def after(self, delay_s: float, act: Callable[[], None]) -> None:
        """Does ``act`` later, or at once without a delay."""
        if delay_s > 0:
            self.at(self.timetable.time() + delay_s, act)
        else:
            act()

    def at(self, when: float, act: Callable[[], None]) -> None:
        """Does ``act`` at ``when`` of the timetable's clock."""
        self._appointment = self.timetable.at(when, act)

    def end(self, outcome: str) -> None:
        """Notes the end."""
        if self.entry.outcome == "open":
            self.journal.end(self.entry, outcome)

    def on_gone(self) -> None:
        """The caller went away."""
        if self._appointment is not None:
            self._appointment.cancel()
        self.end("aborted")

    def on_pause(self) -> None:
        """The caller reads too slowly."""
        self.is_paused = True

    def on_resume(self) -> None:
        """The caller has caught up."""
        self.is_paused = False


class Whole(Delivery):
    """An answer in one piece."""

    __slots__ = ()

    def send(self, delay_s: float, status: int, fields: bytes, body: bytes) -> None:
        """Answers after ``delay_s``."""

        def answer() -> None:
            self.journal.answer(self.entry, status)
            self.end("answered")
            self.request.respond(status, fields, body)

        self.after(delay_s, answer)


class Paced(Delivery, ABC):
    """An answer in many pieces with pauses between them, held back while the caller is slow."""

    __slots__ = ("_due", "_gap", "_is_done", "_pieces")

    def __init__(self, caller: Caller) -> None:
        super().__init__(caller)
        self._is_done = False
        self._due = 0.0

    def play(self, delay_s: float, pieces: Iterator[bytes], gap: Callable[[], float]) -> None:
        """Sends the first piece after ``delay_s`` and each further one ``gap()`` seconds after the one before."""
        self._pieces = pieces
        self._gap = gap
        self._due = self.timetable.time() + delay_s
        self.after(delay_s, self._step)

    @abstractmethod
    def emit(self, pieces: list[bytes]) -> None:
        """Sends pieces that are due."""
        ...

    @abstractmethod
    def close(self) -> None:
        """Ends after the last piece."""
        ...

    def on_gone(self) -> None:
        """The caller went away: nothing more is made."""
        self._is_done = True
        super().on_gone()

    def on_resume(self) -> None:
        """The caller has caught up: what became due meanwhile goes out at once."""
        super().on_resume()
        if not self._is_done and self._appointment is None:
            self._step()

    def _step(self) -> None:
        self._appointment = None
        while not self.is_paused and not self._is_done:
            if self._due > self.timetable.time():
                self.at(self._due, self._step)
                return
            self._send_what_is_due()

    def _send_what_is_due(self) -> None:
        now = self.timetable.time()
        batch: list[bytes] = []
        size = 0
        while self._due <= now and size < BATCH_BYTES:
            piece = next(self._pieces, None)
            if piece is None:
                self._is_done = True
                break
            batch.append(piece)
            size += len(piece)
            self._due += self._gap()
        if batch:
            self.emit(batch)
        if self._is_done and self.request.is_open:
            self.close()


class Stream(Paced):
    """A stream of events under ``status`` 200."""

    __slots__ = ("_fields", "_finale", "_has_begun")

    def __init__(self, caller: Caller, *, fields: bytes, finale: Finale) -> None:
        super().__init__(caller)
        self._fields = fields
        self._finale = finale
        self._has_begun = False

    def emit(self, pieces: list[bytes]) -> None:
        """Sends events, the first of them with the head."""
        self.entry.events += len(pieces)
        if self._has_begun:
            self.request.send(b"".join(pieces))
        else:
            self._begin(b"".join(pieces))

    def close(self) -> None:
        """Ends the way that was decided."""
        if not self._has_begun:
            self._begin(b"")
        self._finale(self)

    def _begin(self, first: bytes) -> None:
        self._has_begun = True
        self.journal.answer(self.entry, 200)
        self.request.start(200, self._fields, first)


class Raw(Paced):
    """Bytes as they are, head included."""

    __slots__ = ("_finale", "_status")

    def __init__(self, caller: Caller, *, status: int, finale: Finale) -> None:
        super().__init__(caller)
        self._status = status
        self._finale = finale

    def emit(self, pieces: list[bytes]) -> None:
        """Writes bytes."""
        if self.entry.status is None:
            self.journal.answer(self.entry, self._status)
        wire.write(self.request, b"".join(pieces))

    def close(self) -> None:
        """Ends the way that was decided."""
        self._finale(self)


def end_whole(delivery: Delivery) -> None:
    """The answer is complete."""
    delivery.end("answered")
    delivery.request.end()


def end_raw(delivery: Delivery) -> None:
    """The bytes are a complete answer."""
    delivery.end("answered")
    wire.finish(delivery.request, keep_alive=True)


def end_cut(delivery: Delivery) -> None:
    """The connection ends here, with FIN."""
    delivery.end("broken")
    wire.finish(delivery.request, keep_alive=False)


def end_reset(delivery: Delivery) -> None:
    """The connection ends here, with RST."""
    delivery.end("broken")
    wire.reset(delivery.request)


def end_never(delivery: Delivery) -> None:
    """Nothing more comes; the caller has to go."""
    del delivery

"""The ports of checks: those that judge in the process, and those that ask a service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from stellwerk.core.capacity import Capacity
from stellwerk.core.subject import Subject
from stellwerk.core.verdict import Finding
from stellwerk.core.wire import Origin, WireRequest


@runtime_checkable
class Guardrail(Protocol):
    """Judges one text from memory: no I/O, never waits, the same answer for the same text.

    A check that says nothing of parts of a text has ``needs_whole = True``: an answer is held for it until its end. One
    that compares answers with what they rest on has ``needs_sources = True``.

    It takes time in proportion to the text's length, whatever the text. What raises is a check that did not run: who
    calls it turns that into a verdict with an error.
    """

    def check(self, subject: Subject) -> tuple[Finding, ...]:
        """One finding for each category: every hit, and of classifiers also the score of what is none."""
        ...


@runtime_checkable
class RemoteGuardrail(Protocol):
    """Asks a service about texts: translation alone, as of a provider. Sockets, deadlines and repeats are others'.

    When the service is away, slow, or says what cannot be understood, the check has not run: never a pass.
    """

    @property
    def origin(self) -> Origin:
        """Where its connections go."""
        ...

    @property
    def max_texts(self) -> int:
        """How many texts one request may ask about."""
        ...

    @property
    def capacity(self) -> Capacity:
        """How long these may be: longer ones are cut, and asked about in parts."""
        ...

    def prepare(self, subjects: tuple[Subject, ...]) -> WireRequest:
        """The request that asks about these texts, none of which is empty, with what proves who asks.

        It is the passage of each that is asked about; its readings are for the caller to ask about.
        """
        ...

    def read(
        self, subjects: tuple[Subject, ...], status: int, headers: Mapping[bytes, bytes], body: bytes
    ) -> tuple[tuple[Finding, ...], ...]:
        """The findings for each of the texts asked about, in their order. Header names are in lower case.

        Raises ``GuardrailUnavailable`` for every answer that is not plainly a verdict on all of them.
        """
        ...

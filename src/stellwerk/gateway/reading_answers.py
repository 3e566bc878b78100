"""Who reads an answer that is looked at, although its provider speaks the caller's dialect.

The request goes out as it came. An answer of chat is taken apart and put together again in its own dialect; one of
another path is looked at text by text in its bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from stellwerk.core.reply import Reply, ReplyFacts
from stellwerk.core.snapshot import LimitsSpec
from stellwerk.errors import InvalidRequest
from stellwerk.gateway.interpreter import Interpreter, Watch
from stellwerk.gateway.speeches import Speech, is_spoken, speech_of

if TYPE_CHECKING:
    from stellwerk.core.envelope import Envelope
    from stellwerk.core.media import Link
    from stellwerk.core.usage import Usage
    from stellwerk.core.wire import WireRequest
    from stellwerk.gateway.configuration import Route
    from stellwerk.gateway.dialect import Dialect, Interpretation, Relay
    from stellwerk.gateway.errand import Work
    from stellwerk.gateway.media import Found


def reader_of(
    dialect: Dialect,
    envelope: Envelope,
    identity: str,
    limits: LimitsSpec,
    watch: Watch,
    look: Callable[[bytes], bytes],
) -> Interpretation:
    """The reader of one request's answers. ``look`` gives what of a JSON body the caller may see."""
    interpreter = dialect.interpret(envelope, identity) if is_spoken(dialect.name) else None
    if isinstance(interpreter, Interpreter):
        interpreter.read()
        interpreter.watch = watch
        return Again(interpreter, speech_of(dialect.name, limits))
    return Bytewise(dialect, look)


class _Reader:
    """What no reader is asked: requests go out without it."""

    warning = ""

    def missing(self, route: Route) -> tuple[Link, ...]:
        """Nothing is fetched."""
        del route
        return ()

    def learn(self, found: Found) -> None:
        """Never called: nothing was missing."""
        raise AssertionError(found)

    def prepare(self, route: Route, trace: bytes) -> WireRequest | Work:
        """Never called: the provider prepares."""
        raise AssertionError(route, trace)


class Again(_Reader):
    """Reads an answer in one dialect, as a rule the caller's, and writes it in the caller's."""

    def __init__(self, interpreter: Interpreter, speech: Speech) -> None:
        self._interpreter = interpreter
        self._speech = speech

    def decoded(self, route: Route, body: bytes) -> Reply:
        """A whole answer in its neutral form. Raises ``UpstreamInvalid``."""
        return self._interpreter.decoded(replace(route, speech=self._speech), body)

    def answer(self, route: Route, body: bytes) -> tuple[bytes, ReplyFacts]:
        """A whole answer for the caller. Raises ``UpstreamInvalid``."""
        return self._interpreter.answer(replace(route, speech=self._speech), body)

    def stream(self, route: Route) -> Relay:
        """A transducer for a streamed answer."""
        return self._interpreter.stream(replace(route, speech=self._speech))


class Bytewise(_Reader):
    """Looks at the texts of a JSON body where they stand."""

    def __init__(self, dialect: Dialect, look: Callable[[bytes], bytes]) -> None:
        self._dialect = dialect
        self._look = look

    def usage(self, body: bytes) -> Usage | None:
        """What an answer has used."""
        return self._dialect.facts(body).usage

    def answer(self, route: Route, body: bytes) -> tuple[bytes, ReplyFacts]:
        """A whole answer for the caller. Raises ``UpstreamInvalid``, and ``ContentBlocked``."""
        del route
        return self._look(body), self._dialect.facts(body)

    def stream(self, route: Route) -> Relay:
        """Refused before it is asked for."""
        raise AssertionError(route)


def refuse_stream(dialect: str) -> InvalidRequest:
    """A stream of a path whose streams nobody can look into."""
    message = f"A guardrail looks at every answer, and cannot look into streams of {dialect}: ask without `stream`."
    return InvalidRequest(message, param="stream")

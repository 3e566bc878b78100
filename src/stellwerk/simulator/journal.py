"""What arrived at a simulated provider and what became of it, for tests to look at."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

import msgspec

MOST_NAMES = 1_000
OTHER = "(other)"


class Entry(msgspec.Struct, kw_only=True):
    """One request. It changes while it is served; only its ``Journal`` writes to it, and whoever serves it."""

    number: int
    path: str
    at_s: float
    """Since the start."""
    turn: int | None = None
    """Its number among the requests for answers and embeddings, which plans of faults count by."""
    model: str | None = None
    is_stream: bool = False
    wants_usage: bool = False
    """Whether the usage was asked for in the stream."""
    status: int | None = None
    fault: str | None = None
    outcome: str = "open"
    """``open``, then ``answered``, ``aborted`` (the caller went away) or ``broken`` (a fault ended the connection)."""
    key: str | None = None
    """The end of the caller's key."""
    request_id: str | None = None
    traceparent: str | None = None
    prompt_tokens: int = 0
    output_tokens: int = 0
    events: int = 0
    """How many events of a stream were sent."""
    headers: dict[str, str] | None = None
    body: str | None = None


class Journal:
    """Counters since the start, and the last requests."""

    def __init__(self, now: float, *, remember: int) -> None:
        self.started_at = now
        self.requests = 0
        self.streams = 0
        self.in_flight = 0
        self.outcomes: Counter[str] = Counter()
        self.by_model: Counter[str] = Counter()
        self.by_fault: Counter[str] = Counter()
        self.by_status: Counter[str] = Counter()
        self.prompt_tokens = 0
        self.output_tokens = 0
        self.entries: deque[Entry] = deque(maxlen=remember)

    def begin(self, path: str, now: float, headers: dict[bytes, bytes]) -> Entry:
        """A new entry for a request that is served from now on."""
        self.requests += 1
        self.in_flight += 1
        entry = Entry(
            number=self.requests,
            path=path,
            at_s=round(now - self.started_at, 6),
            request_id=_text(headers.get(b"x-request-id")),
            traceparent=_text(headers.get(b"traceparent")),
        )
        self.entries.append(entry)
        return entry

    def name(self, entry: Entry, model: str, *, is_stream: bool, wants_usage: bool) -> None:
        """Notes what the request is about, once that is known."""
        entry.model, entry.is_stream, entry.wants_usage = model, is_stream, wants_usage
        self.streams += is_stream
        self.by_model[model if model in self.by_model or len(self.by_model) < MOST_NAMES else OTHER] += 1

    def fault(self, entry: Entry, name: str) -> None:
        """Notes that a fault happens to the request."""
        entry.fault = name
        self.by_fault[name] += 1

    def spend(self, entry: Entry, prompt_tokens: int, output_tokens: int) -> None:
        """Notes what the answer is made of."""
        entry.prompt_tokens, entry.output_tokens = prompt_tokens, output_tokens
        self.prompt_tokens += prompt_tokens
        self.output_tokens += output_tokens

    def answer(self, entry: Entry, status: int) -> None:
        """Notes the status that the caller is told."""
        entry.status = status
        self.by_status[str(status)] += 1

    def end(self, entry: Entry, outcome: str) -> None:
        """Notes how it ended."""
        entry.outcome = outcome
        self.outcomes[outcome] += 1
        self.in_flight -= 1

    def report(self) -> dict[str, Any]:
        """Everything, as JSON shows it."""
        return {
            "requests": self.requests,
            "streams": self.streams,
            "in_flight": self.in_flight,
            "answered": self.outcomes["answered"],
            "aborted": self.outcomes["aborted"],
            "broken": self.outcomes["broken"],
            "by_model": dict(self.by_model),
            "by_fault": dict(self.by_fault),
            "by_status": dict(self.by_status),
            "prompt_tokens": self.prompt_tokens,
            "output_tokens": self.output_tokens,
            "last_requests": list(self.entries),
        }


def _text(value: bytes | None) -> str | None:
    return value.decode("latin-1") if value is not None else None

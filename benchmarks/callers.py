"""Callers that ask at fixed times, whatever became of the request before, and note how each stream began and ended."""

import asyncio
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from benchmarks.ports import LOOPBACK_ADDRESS
from benchmarks.simulated import KEY

PATIENCE_S = 60.0
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")
_PROVIDER = re.compile(rb"\r\nx-stellwerk-provider: ([^\r]+)", re.IGNORECASE)
_ATTEMPTS = re.compile(rb"\r\nx-stellwerk-attempts: (\d+)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Question:
    """One request for a stream, and when it is due in seconds after the start."""

    due_s: float
    model: str
    text: str
    session: str = ""

    def wire(self) -> bytes:
        """The request's bytes."""
        messages = [{"role": "user", "content": self.text}]
        body = json.dumps({"model": self.model, "stream": True, "messages": messages}).encode()
        session = f"x-stellwerk-session: {self.session}\r\n" if self.session else ""
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {KEY}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n{session}\r\n"
        )
        return head.encode() + body


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of one request."""

    model: str
    due_s: float
    first_s: float
    """From when it was due to the first bytes of the stream, which the gateway holds back until its first content."""
    status: int
    """0 where the connection failed."""
    provider: str
    attempts: int
    is_whole: bool
    """Whether the caller got all of it: status 200, and the stream's closing event."""


async def ask_all(port: int, questions: Iterable[Question], *, start: float) -> list[Answer]:
    """Asks each question when it is due, counted from ``start`` in the event loop's clock; answers as they come."""
    loop = asyncio.get_running_loop()
    answers: list[Answer] = []

    async def ask(question: Question) -> None:
        answers.append(await _answer(port, question, start))

    async with asyncio.TaskGroup() as group:
        for question in questions:
            await asyncio.sleep(max(0.0, start + question.due_s - loop.time()))
            group.create_task(ask(question))
    return answers


def evenly(models: Sequence[str], texts: Iterable[str], *, rate: float) -> Iterable[Question]:
    """The same text to each model in turn, at ``rate`` requests a second for each; in changing order of the models."""
    for number, text in zip(count(), texts, strict=False):
        ordered = models if number % 2 == 0 else tuple(reversed(models))
        for place, model in enumerate(ordered):
            due_s = (number + place / len(models)) / rate
            yield Question(due_s=due_s, model=model, text=text)


async def _answer(port: int, question: Question, start: float) -> Answer:
    clock = asyncio.get_running_loop().time
    head, body, first_at = b"", b"", 0.0
    try:
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_connection(LOOPBACK_ADDRESS, port)
            try:
                writer.write(question.wire())
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.read(65_536)
                first_at = clock()
                body += await reader.read()
            finally:
                writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        body = b""  # whatever has come, it was not the whole answer
    status, provider, attempts = _STATUS.match(head), _PROVIDER.search(head), _ATTEMPTS.search(head)
    return Answer(
        model=question.model,
        due_s=question.due_s,
        first_s=(first_at or clock()) - start - question.due_s,
        status=int(status[1]) if status else 0,
        provider=provider[1].decode() if provider else "",
        attempts=int(attempts[1]) if attempts else 0,
        is_whole=status is not None and status[1] == b"200" and b"data: [DONE]" in body,
    )

"""What an answer is looked for by: all that is done with a request of 1 MB before a miss of the cache is known."""

import json
from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.cases.case import Case
from benchmarks.cases.samples import PARAGRAPH, chat_request
from stellwerk.core.envelope import Envelope
from stellwerk.core.snapshot import CacheSpec, CachingSpec, LimitsSpec
from stellwerk.gateway.dialect import Dialect
from stellwerk.gateway.endpoints import chat_completions, responses
from stellwerk.gateway.recollection import Caching
from stellwerk.gateway.stages.recall import question_of

SIZE = 1_000_000
SHORT = 200
TOOL_BYTES = 1_100
CACHING = Caching(CachingSpec(exact=True), CacheSpec(), b"b" * 32, LimitsSpec(), "", b"mark")


def cases() -> Iterator[Case]:
    """Long turns as they are sent and with spaces, short turns, tools, and a response."""
    spaced = chat_request(SIZE)
    long = json.loads(spaced)
    short = {"model": "m", "messages": [{"role": "user", "content": PARAGRAPH[:SHORT]}] * (SIZE // (SHORT + 40))}
    properties = {f"p{number}": {"type": "string", "description": PARAGRAPH[:40]} for number in range(10)}
    schema = {"type": "object", "properties": properties}
    tools = [
        {"type": "function", "function": {"name": f"f{number}", "description": PARAGRAPH, "parameters": schema}}
        for number in range(SIZE // TOOL_BYTES)
    ]
    chat, response = chat_completions.dialect(LimitsSpec()), responses.dialect(LimitsSpec())
    asked = {"model": "m", "store": False, "input": long["messages"]}
    for name, dialect, body in (
        ("long turns", chat, _compact(long)),
        ("long turns, with spaces", chat, spaced),
        ("short turns", chat, _compact(short)),
        ("tools", chat, _compact({"model": "m", "messages": short["messages"][:1], "tools": tools})),
        ("a response", response, _compact(asked)),
    ):
        yield Case(group="recall", name=f"1 MB, {name}", call=_question(dialect, body))


def _question(dialect: Dialect, body: bytes) -> Callable[[], object]:
    envelope = Envelope(dialect.name, "m", is_stream=False, body=body)
    return partial(question_of, dialect, envelope, b"", CACHING, is_keeping=True)


def _compact(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()

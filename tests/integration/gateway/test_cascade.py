"""A weak model first: its answer is judged, and the strong one asked where it does not do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.integration.gateway.clients import asking, chat, whole
from tests.integration.gateway.scenes import scripts
from tests.integration.gateway.upstream import COMPLETION, DONE, FINISH, ROLE, USAGE, completes, refuses, said, streams
from tests.integration.http.loop import on_loop

JSON = {"type": "json_object"}
SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "n",
        "schema": {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}},
    },
}
CASCADE = {"strategy": '"cascade"'}
TWICE = CASCADE | {"strategy_options": "{ samples = 2 }"}


def saying(text: str, finish: str = "stop") -> bytes:
    """A whole answer."""
    reply = COMPLETION.replace(b'"Hello."', msgspec.json.encode(text))
    return reply.replace(b'"finish_reason":"stop"', b'"finish_reason":"%b"' % finish.encode())


def streaming(text: str, finish: str = "stop") -> tuple[bytes, ...]:
    """The events of a stream that says it in two pieces."""
    half = len(text) // 2
    ended = FINISH.replace(b'"finish_reason":"stop"', b'"finish_reason":"%b"' % finish.encode())
    return ROLE, said(text[:half]), said(text[half:]), ended, USAGE, DONE


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("text", "finish", "wanted", "does"),
    [
        ("Signals keep trains apart.", "stop", None, True),
        ("I'm sorry, but I can't help with that.", "stop", None, False),
        ("Das weiß ich leider nicht.", "stop", None, False),
        ("Signals keep", "length", None, False),
        ("", "stop", None, False),
        ('{"a": 1}', "stop", JSON, True),
        ('{"a": ', "stop", JSON, False),
        ('{"a": 1}', "stop", SCHEMA, True),
        ('{"a": "one"}', "stop", SCHEMA, False),
    ],
)
@on_loop
async def test_what_a_weak_answer_has_to_be(
    tmp_path: Path, text: str, finish: str, wanted: object, does: bool, is_stream: bool
) -> None:
    weak = streams(*streaming(text, finish)) if is_stream else completes(saying(text, finish))
    strong = streams() if is_stream else completes()
    async with scripts(tmp_path, (weak,), (strong,), sections="", **CASCADE) as (gateway, (one, two)):
        members: dict[str, Any] = {"response_format": wanted} if wanted else {}
        told = await whole(gateway, chat(asking(stream=is_stream, **members)))
        assert told.status == 200
        assert told.field(b"x-stellwerk-provider") == (b"one" if does else b"two")
        assert (len(one.requests), len(two.requests)) == (1, 0 if does else 1)
        assert b"Hello." in told.body or does or is_stream
        event = await gateway.event()
        assert (event.outcome, event.attempts) == ("complete", 1 if does else 2)
        assert (event.extra_cost_nanos > 0) is not does
        assert event.cost_nanos is not None
        assert event.cost_nanos > event.extra_cost_nanos


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@on_loop
async def test_where_the_strong_one_fails_the_weak_answer_is_better_than_none(tmp_path: Path, is_stream: bool) -> None:
    text = "I'm sorry, but I can't help with that."
    weak = streams(*streaming(text)) if is_stream else completes(saying(text))
    async with scripts(tmp_path, (weak,), (refuses(500),), sections="", **CASCADE) as (gateway, (_, two)):
        told = await whole(gateway, chat(asking(stream=is_stream)))
        assert (told.status, told.field(b"x-stellwerk-provider")) == (200, b"one")
        assert b"sorry" in told.body
        assert len(two.requests) == 3
        event = await gateway.event()
        assert (event.outcome, event.provider, event.extra_cost_nanos) == ("complete", "one", 0)


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(("second", "does"), [("It is 42.", True), ("It is 41.", False)])
@on_loop
async def test_two_samples_of_the_weak_one_have_to_agree(
    tmp_path: Path, second: str, does: bool, is_stream: bool
) -> None:
    texts = ("It is 42.", second)
    acts = [streams(*streaming(text)) if is_stream else completes(saying(text)) for text in texts]
    strong = streams() if is_stream else completes()
    async with scripts(tmp_path, tuple(acts), (strong,), sections="", **TWICE) as (gateway, (one, two)):
        told = await whole(gateway, chat(asking(stream=is_stream)))
        assert told.field(b"x-stellwerk-provider") == (b"one" if does else b"two")
        assert (len(one.requests), len(two.requests)) == (2, 0 if does else 1)
        assert (await gateway.event()).extra_cost_nanos > 0


@on_loop
async def test_tools_are_never_downgraded(tmp_path: Path) -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    async with scripts(tmp_path, (completes(),), (completes(),), sections="", **CASCADE) as (gateway, (one, two)):
        told = await whole(gateway, chat(asking(tools=tools)))
        assert told.field(b"x-stellwerk-provider") == b"two"
        assert (len(one.requests), len(two.requests)) == (0, 1)
        assert "offers tools" in (await gateway.event()).route

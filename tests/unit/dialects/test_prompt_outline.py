"""Where the parts of prompts stand in the bytes, and how they are marked, dialect by dialect."""

import json
from typing import Any

import pytest

from stellwerk.dialects.json_splice import splice
from stellwerk.dialects.prompt_outline import MOST_TURNS, NOWHERE, Outline, Span, outline


def parts(dialect: str, body: dict[str, Any], indent: int | None = None) -> Outline:
    """The outline of a body."""
    found = outline(dialect, json.dumps(body, indent=indent).encode())
    assert found is not None
    return found


def text(found: Outline, span: Span) -> Any:
    """What stands in a span."""
    return json.loads(found.body[span[0] : span[1]])


def marked(found: Outline, span: Span, ttl: str | None = None) -> Any:
    """The body with a mark at a block."""
    edit = found.mark(span, ttl)
    assert edit is not None
    return json.loads(splice(found.body, (edit,)))


CLAUDE: dict[str, Any] = {
    "system": "Be brief.",
    "tools": [{"name": "a"}, {"name": "b"}],
    "tool_choice": {"type": "auto"},
    "messages": [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm"}]},
        {"role": "user", "content": [{"type": "text", "text": ""}, {"type": "text", "text": "More"}]},
    ],
}


@pytest.mark.parametrize("indent", [None, 2])
def test_the_parts_of_a_prompt_for_claude(indent: int | None) -> None:
    found = parts("anthropic_messages", CLAUDE, indent)
    assert text(found, found.last(found.tools)) == {"name": "b"}
    assert text(found, found.system) == "Be brief."
    assert found.settings == json.dumps({"type": "auto"}, indent=indent).encode() or indent
    assert [text(found, turn)["role"] for turn in found.turns] == ["user", "assistant", "user"]
    assert (found.depth, found.leading, found.is_marked) == (1, 0, False)
    assert [[text(found, block) for block in found.blocks(turn)] for turn in range(3)] == [
        ["Hello"],
        [{"type": "thinking", "thinking": "Hm"}],
        [{"type": "text", "text": ""}, {"type": "text", "text": "More"}],
    ]


def test_marks_for_claude() -> None:
    found = parts("anthropic_messages", CLAUDE)
    control = {"type": "ephemeral"}
    assert marked(found, found.system)["system"] == [{"type": "text", "text": "Be brief.", "cache_control": control}]
    assert marked(found, found.last(found.tools), "1h")["tools"][1] == {
        "name": "b",
        "cache_control": {**control, "ttl": "1h"},
    }
    hello = marked(found, found.blocks(0)[-1])["messages"][0]["content"]
    assert hello == [{"type": "text", "text": "Hello", "cache_control": control}]
    assert found.mark(found.blocks(1)[0]) is None  # thoughts
    assert found.mark(found.blocks(2)[0]) is None  # an empty text
    assert marked(found, found.blocks(2)[1])["messages"][2]["content"][1]["cache_control"] == control


def test_blocks_that_take_no_mark() -> None:
    contents: list[Any] = ["", [], [{}], [{"type": 3}], ["words"], [{"type": "tool_use", "defer_loading": True}], None]
    for content in contents:
        found = parts("anthropic_messages", {"messages": [{"role": "user", "content": content}]})
        assert all(found.mark(block) is None for block in found.blocks(0))


def test_the_parts_and_marks_of_a_prompt_for_bedrock() -> None:
    body = {
        "system": [{"text": "Be brief."}],
        "toolConfig": {"toolChoice": {"auto": {}}, "tools": [{"toolSpec": {"name": "a"}}]},
        "messages": [{"role": "user", "content": [{"text": "Hello"}]}],
    }
    found = parts("bedrock_converse", body, 1)
    point = {"cachePoint": {"type": "default"}}
    assert marked(found, found.last(found.tools))["toolConfig"]["tools"][1] == point
    assert marked(found, found.last(found.system))["system"][1] == point
    assert marked(found, found.blocks(0)[-1], "1h")["messages"][0]["content"][1] == {
        "cachePoint": {"type": "default", "ttl": "1h"}
    }
    assert found.mark(found.system) is None
    configs: list[Any] = [None, {}, {"tools": {}}, {"tools": []}]
    for config in configs:
        assert parts("bedrock_converse", {**body, "toolConfig": config}).tools == NOWHERE


def test_the_parts_and_marks_of_a_chat() -> None:
    image = {"type": "image_url", "image_url": {"url": "x"}}
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
        {"role": "user", "content": [image]},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "assistant"},
    ]
    found = parts("openai_chat", {"messages": messages})
    assert (found.leading, found.depth, found.system, found.tools) == (2, 2, NOWHERE, NOWHERE)
    place = {"mode": "explicit"}
    said = marked(found, found.blocks(0)[0])["messages"][0]["content"]
    assert said == [{"type": "text", "text": "Be brief.", "prompt_cache_breakpoint": place}]
    assert marked(found, found.blocks(1)[0])["messages"][1]["content"][0]["prompt_cache_breakpoint"] == place
    assert [found.mark(found.blocks(turn)[0]) for turn in (2, 3, 4)] == [None] * 3
    assert parts("openai_chat", {"messages": messages[:2]}).leading == 2


def test_the_parts_and_marks_of_a_request_for_a_response() -> None:
    items = [
        {"role": "developer", "content": "Be kind."},
        {"type": "message", "role": "user", "content": "Hello"},
        {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "1", "output": "x"},
    ]
    found = parts("openai_responses", {"instructions": None, "input": items, "tools": None})
    assert (found.leading, found.depth, found.system) == (1, 1, NOWHERE)
    said = marked(found, found.blocks(0)[0])["input"][0]["content"]
    assert said == [{"type": "input_text", "text": "Be kind.", "prompt_cache_breakpoint": {"mode": "explicit"}}]
    assert found.mark(found.blocks(3)[0]) is None
    bare = parts("openai_responses", {"instructions": "Be brief.", "input": "Hello"})
    assert [text(bare, block) for block in bare.blocks(0)] == ["Hello"]
    assert text(bare, bare.last(bare.system)) == "Be brief."


@pytest.mark.parametrize(
    "body",
    [
        b'{"messages":[]}',
        b'{"messages":3}',
        b'{"messages":[3]}',
        b'{"messages":{}}',
        b'{"prompt":"x"}',
        b'{"messages":[{"role":"user"}],"messages":[{"role":"user"}]}',
        b'{"messages":[' + b",".join([b"{}"] * (MOST_TURNS + 1)) + b"]}",
        b'{"messages":[{"role":"\\ud800"}]}',
    ],
)
def test_what_is_no_prompt_has_no_outline(body: bytes) -> None:
    assert outline("anthropic_messages", body) is None


def test_other_dialects_have_no_outline() -> None:
    assert outline("gemini", b'{"contents":[]}') is None
    assert parts("anthropic_messages", {"messages": [{}]}).last(NOWHERE) == NOWHERE


@pytest.mark.parametrize(
    ("said", "is_marked"),
    [
        ('"cache_control":null', True),
        ('"cache\\u005fcontrol":null', True),
        ('"x":"\\u0063ache_control"', False),
        ('"x":"say \\"cache_control\\": it"', False),
    ],
)
def test_the_callers_marks_are_seen_however_they_are_spelled(said: str, is_marked: bool) -> None:
    found = outline("anthropic_messages", f'{{{said},"messages":[{{"role":"user"}}]}}'.encode())
    assert found is not None
    assert found.is_marked is is_marked

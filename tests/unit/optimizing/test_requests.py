"""The texts of a request in every dialect: which may be changed, by what question, and what is never touched."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stellwerk.core.optimization import Level
from stellwerk.core.subject import Speaker
from stellwerk.dialects.json_splice import splice
from stellwerk.optimizing.notations import decoded
from stellwerk.optimizing.requests import KEEP_TURNS, STRIDE, changes, passages
from stellwerk.optimizing.rewriting import Rewriter

ROWS = [{"id": n, "name": f"lamp {n}", "stock": n * 7} for n in range(40)]
JSON = json.dumps(ROWS, indent=2)
LONG = "".join(f"This is sentence number {n} of a long story about lamps. " for n in range(60))
SCHEMA = {"title": "T", "type": "object", "properties": {f"p{n}": {"title": "P", "type": "string"} for n in range(60)}}
BALANCED, AGGRESSIVE = Rewriter(Level.BALANCED), Rewriter(Level.AGGRESSIVE)

CHAT = {
    "model": "m",
    "messages": [
        {"role": "system", "content": f"Be kind.\n{JSON}"},
        {"role": "user", "content": [{"type": "text", "text": JSON}, {"type": "text", "text": "How many lamps?"}]},
        {
            "role": "assistant",
            "content": JSON,
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": JSON}}],
        },
        {"role": "tool", "tool_call_id": "c", "content": JSON},
    ],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}],
    "prediction": {"type": "content", "content": JSON},
    "metadata": {"text": JSON},
}
RESPONSES = {
    "model": "m",
    "instructions": JSON,
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": JSON}]},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": JSON}], "encrypted_content": "x"},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": JSON},
        {"type": "custom_tool_call", "call_id": "d", "name": "g", "input": JSON},
        {"type": "function_call_output", "call_id": "c", "output": JSON},
    ],
}
ANTHROPIC = {
    "model": "m",
    "system": [{"type": "text", "text": JSON}],
    "messages": [
        {"role": "user", "content": JSON},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": JSON, "signature": "s"},
                {"type": "text", "text": JSON},
                {"type": "tool_use", "id": "t", "name": "f", "input": {"text": JSON, "content": JSON}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": JSON}]},
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": JSON}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "document", "source": {"type": "content", "content": JSON}, "citations": {"enabled": True}},
                {"type": "text", "text": JSON},
            ],
        },
    ],
    "tools": [{"name": "f", "input_schema": SCHEMA}],
}
GEMINI = {
    "systemInstruction": {"parts": [{"text": JSON}]},
    "contents": [
        {"role": "user", "parts": [{"text": JSON}]},
        {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"text": JSON}}, "thoughtSignature": "s"}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"text": JSON}}}]},
    ],
}
CONVERSE = {
    "system": [{"text": JSON}],
    "messages": [
        {"role": "user", "content": [{"text": JSON}]},
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t", "name": "f", "input": {"text": JSON}}}]},
        {
            "role": "user",
            "content": [{"toolResult": {"toolUseId": "t", "content": [{"text": JSON}, {"json": {"text": JSON}}]}}],
        },
    ],
}


def written(
    body: dict[str, Any], rewriter: Rewriter = BALANCED, question: str = ""
) -> tuple[dict[str, Any], dict[str, int]]:
    """A body after all that may happen to it."""
    raw = json.dumps(body).encode()
    found = changes(raw, rewriter, question)
    made: dict[str, Any] = json.loads(splice(raw, found.edits))
    return made, found.saved


def places(one: Any, other: Any, path: str = "") -> list[str]:
    """Where two documents differ."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [place for name in one for place in places(one[name], other[name], f"{path}.{name}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [place for n in range(len(one)) for place in places(one[n], other[n], f"{path}.{n}")]
    return [] if one == other else [path.lstrip(".")]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            CHAT,
            ["messages.0.content", "messages.1.content.0.text", "messages.3.content", "tools.0.function.parameters"],
        ),
        (RESPONSES, ["instructions", "input.0.content.0.text", "input.4.output"]),
        ({"model": "m", "input": JSON}, ["input"]),
        (
            ANTHROPIC,
            ["system.0.text", "messages.0.content", "messages.2.content.0.content.0.text", "tools.0.input_schema"],
        ),
        (GEMINI, ["systemInstruction.parts.0.text", "contents.0.parts.0.text"]),
        (CONVERSE, ["system.0.text", "messages.0.content.0.text", "messages.2.content.0.toolResult.content.0.text"]),
    ],
    ids=["chat", "responses", "plain responses", "anthropic", "gemini", "converse"],
)
def test_texts_are_changed_and_nothing_else(body: dict[str, Any], expected: list[str]) -> None:
    made, _ = written(body)
    assert places(body, made) == expected


def test_values_are_the_same_where_they_are_written_anew() -> None:
    made, saved = written(CHAT)
    assert json.loads(decoded(made["messages"][3]["content"])) == ROWS
    assert json.loads(made["messages"][0]["content"].partition("\n")[2]) == ROWS
    assert set(saved) == {"json_minify", "json_table", "tool_schema"}


def test_a_body_without_a_conversation_stays() -> None:
    assert passages(b'{"prompt": "x", "documents": ["y"]}') == ()
    assert changes(b"{}", BALANCED).edits == ()


def test_questions_are_those_that_were_asked_before_or_beside() -> None:
    found = passages(json.dumps(CHAT).encode())
    by_speaker = [(each.utterance.speaker, each.question) for each in found]
    assert by_speaker[1] == (Speaker.USER, "How many lamps?")
    assert by_speaker[-1] == (Speaker.TOOL, "How many lamps?")
    given = passages(json.dumps(CHAT).encode(), "Who?")
    assert {each.question for each in given} == {"Who?"}


def test_a_result_that_is_wanted_word_for_word_stays() -> None:
    asked = {"messages": [{"role": "user", "content": "Repeat the result word for word."}, *CHAT["messages"][2:]]}  # type: ignore[index]
    assert written(asked)[0] == asked


def test_a_message_comes_out_the_same_on_every_later_turn() -> None:
    story = "".join(f"This is sentence number {n} of a long story about lamps. " for n in range(24))
    turns = [
        each
        for n in range(2 * STRIDE)
        for each in (
            {"role": "user", "content": f"{story}{n}"},
            {"role": "assistant", "content": f"{n} lamps. {story}"},
        )
    ]
    former: list[Any] = []
    steps = 0
    for size in range(1, len(turns), 2):
        made = written({"messages": turns[:size]}, AGGRESSIVE)[0]["messages"]
        steps += made[: len(former)] != former
        former = made
    assert 0 < steps <= len(turns) // STRIDE
    assert former[-KEEP_TURNS:] == turns[len(former) - KEEP_TURNS : len(former)]
    assert former[0] != turns[0]


def test_at_balanced_the_prefix_never_changes() -> None:
    turns = [*CHAT["messages"], {"role": "assistant", "content": "40."}] * 4
    whole = written({"messages": turns})[0]["messages"]
    assert all(written({"messages": turns[:size]})[0]["messages"] == whole[:size] for size in range(1, len(turns)))


def test_what_was_sent_before_counts_as_repeated() -> None:
    first = changes(json.dumps({"messages": CHAT["messages"][1:2]}).encode(), BALANCED)  # type: ignore[index]
    assert first.repeated == 0
    later = changes(json.dumps(CHAT).encode(), BALANCED)
    assert 0 < later.repeated < later.tokens

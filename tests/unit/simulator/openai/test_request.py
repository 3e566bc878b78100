"""What chat and embedding requests ask, and what is refused."""

from typing import Any

import msgspec
import pytest

from stellwerk.simulator.ask import ANY_OBJECT
from stellwerk.simulator.openai.request import read_chat, read_embeddings
from stellwerk.simulator.refusal import Refusal

USER = {"role": "user", "content": "Hello there"}
WEATHER = {
    "type": "function",
    "function": {"name": "get_weather", "description": "d", "parameters": {"type": "object"}},
}
CLOCK = {"type": "function", "function": {"name": "clock"}}
SHELL = {"type": "custom", "custom": {"name": "shell"}}


def _body(**fields: Any) -> bytes:
    return msgspec.json.encode({"model": "m", "messages": [USER], **fields})


def test_a_plain_request_is_read() -> None:
    ask = read_chat(_body())
    assert (ask.model, ask.is_stream, ask.text, ask.choices, ask.max_tokens) == ("m", False, "Hello there", 1, None)
    assert ask.prompt_tokens == 4 + 2 + 3
    assert not ask.wants_usage


def test_everything_that_shapes_the_answer_is_read() -> None:
    ask = read_chat(
        _body(
            stream=True,
            stream_options={"include_usage": True},
            max_completion_tokens=9,
            n=2,
            stop="x",
            logprobs=True,
            top_logprobs=3,
            reasoning_effort="low",
            unknown_field={"deep": [1]},
        )
    )
    assert (ask.is_stream, ask.wants_usage, ask.max_tokens, ask.choices) == (True, True, 9, 2)
    assert (ask.stop, ask.logprobs, ask.effort) == (("x",), 3, "low")
    assert read_chat(_body(stop=["a", "b"], logprobs=True)).stop == ("a", "b")


def test_what_does_not_change_the_answer_does_not_change_its_content() -> None:
    plain = read_chat(_body())
    assert read_chat(_body(stream=True, max_tokens=5, user="u")).content == plain.content
    assert (
        read_chat(b'{ "messages": [ {"content":"Hello there", "role":"user"} ], "model": "m" }').content
        == plain.content
    )
    assert read_chat(_body(seed=3)).content != plain.content
    assert read_chat(_body(model="n")).content != plain.content


def test_images_sounds_and_files_count() -> None:
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}},
        {"type": "input_audio", "input_audio": {"data": "A" * 12_800, "format": "wav"}},
        {"type": "file", "file": {"file_data": "A" * 1_600, "filename": "a.pdf"}},
    ]
    ask = read_chat(_body(messages=[{"role": "user", "content": parts}]))
    assert ask.audio_tokens == 2
    assert ask.prompt_tokens == 3 + 4 + 4 + 765 + 85 + 2 + 300
    assert ask.text == "What is this?"


def test_results_of_tools_are_read_with_their_names() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    messages = [
        USER,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "18 degrees"},
    ]
    ask = read_chat(_body(messages=messages, tools=[WEATHER]))
    assert ask.tool_results == (("get_weather", "18 degrees"),)
    assert read_chat(_body(messages=[*messages, USER])).tool_results == ()
    assert read_chat(_body(messages=[USER, {"role": "function", "name": "f", "content": "1"}])).tool_results == (
        ("f", "1"),
    )


@pytest.mark.parametrize(
    ("choice", "names", "must_call", "named"),
    [
        (None, ["get_weather", "clock", "shell"], False, None),
        ("auto", ["get_weather", "clock", "shell"], False, None),
        ("none", [], False, None),
        ("required", ["get_weather", "clock", "shell"], True, None),
        ({"type": "function", "function": {"name": "clock"}}, ["get_weather", "clock", "shell"], True, "clock"),
        ({"type": "custom", "custom": {"name": "shell"}}, ["get_weather", "clock", "shell"], True, "shell"),
        ({"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [CLOCK]}}, ["clock"], True, None),
    ],
)
def test_the_choice_of_tools_is_read(choice: Any, names: list[str], must_call: bool, named: str | None) -> None:
    ask = read_chat(_body(tools=[WEATHER, CLOCK, SHELL], tool_choice=choice, parallel_tool_calls=False))
    assert [tool.name for tool in ask.tools] == names
    assert (ask.must_call, ask.named_tool, ask.may_call_in_parallel) == (must_call, named, False)


def test_tools_have_schemas_and_custom_ones_take_text() -> None:
    tools = read_chat(_body(tools=[WEATHER, CLOCK, SHELL])).tools
    assert [tool.parameters for tool in tools] == [{"type": "object"}, {"type": "object", "properties": {}}, None]


def test_response_formats_become_schemas() -> None:
    assert read_chat(_body(response_format={"type": "text"})).output is None
    json_message = [{"role": "user", "content": "as JSON please"}]
    assert read_chat(_body(messages=json_message, response_format={"type": "json_object"})).output == ANY_OBJECT
    named = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "integer"}}}
    assert read_chat(_body(response_format=named)).output == {"type": "integer"}


@pytest.mark.parametrize(
    ("body", "reason", "param"),
    [
        (b"", "not valid JSON", None),
        (b"{", "not valid JSON", None),
        (b'{"model": "\xff"}', "not valid JSON", None),
        (b'{"model": "\\ud800"}', "not valid JSON", None),
        (b"[" * 100_000, "Expected 'object', got 'array'", None),
        (_body()[:-1] + b',"tool_choice":' + b"[" * 100_000, "not valid JSON", None),
        (_body()[:-1] + b',"unknown":' + b"[" * 100_000, "not valid JSON", None),
        (b'{"messages": [{"role": "user", "content": "x"}]}', "missing required field 'model'", None),
        (_body(model=""), "must provide a model", "model"),
        (_body(model=5), "Expected 'str', got 'int'", "model"),
        (_body(messages=[]), "length >= 1", "messages"),
        (_body(messages=[{"role": "king", "content": "x"}]), "Invalid enum value 'king'", "messages[0].role"),
        (_body(messages=[{"role": "user"}]), "Missing required parameter: 'content'", "messages[0]"),
        (
            _body(messages=[{"role": "user", "content": [{"type": "image_url"}]}]),
            "Missing required parameter: 'image_url'",
            "messages[0].content[0]",
        ),
        (_body(temperature=3), "<= 2", "temperature"),
        (_body(n=0), ">= 1", "n"),
        (_body(stop=["a"] * 5), "length <= 4", "stop"),
        (_body(stream_options={"include_usage": True}), "only allowed when 'stream'", "stream_options"),
        (_body(top_logprobs=2), "needs 'logprobs'", "top_logprobs"),
        (_body(max_tokens=1, max_completion_tokens=1), "exclude each other", "max_tokens"),
        (_body(response_format={"type": "json_object"}), "must contain the word 'json'", "messages"),
        (
            _body(response_format={"type": "json_schema"}),
            "Missing required parameter: 'json_schema'",
            "response_format",
        ),
        (
            _body(messages=[{"role": "tool", "tool_call_id": "x", "content": "y"}]),
            "must answer one",
            "messages[0].role",
        ),
        (_body(tool_choice="required"), "only allowed when 'tools'", "tool_choice"),
        (_body(tools=[CLOCK], tool_choice="sometimes"), "none of", "tool_choice"),
        (_body(tools=[CLOCK], tool_choice={"type": "function", "function": {"name": "x"}}), "none of", "tool_choice"),
        (_body(tools=[CLOCK], tool_choice={"type": 5}), "none of", "tool_choice"),
        (_body(tools=[CLOCK], tool_choice={"type": "allowed_tools"}), "'mode' and 'tools'", "tool_choice"),
        (_body(tools=[{"type": "function"}]), "Missing required parameter: 'function'", "tools[0]"),
        (_body(tools=[{"type": "function", "function": {"name": "a b"}}]), "matching regex", "tools[0].function.name"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(body: bytes, reason: str, param: str | None) -> None:
    with pytest.raises(Refusal) as caught:
        read_chat(body)
    assert caught.value.status == 400
    assert reason in caught.value.message
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("given", "texts", "tokens"),
    [
        ("one two", ("one two",), 2),
        (["one", "two three"], ("one", "two three"), 3),
        ([5, 6, 7], ("5 6 7",), 3),
        ([[5, 6], [7]], ("5 6", "7"), 3),
    ],
)
def test_embeddings_take_texts_and_tokens(given: Any, texts: tuple[str, ...], tokens: int) -> None:
    asked = read_embeddings(msgspec.json.encode({"model": "m", "input": given}))
    assert (asked.texts, asked.prompt_tokens, asked.is_base64) == (texts, tokens, False)


@pytest.mark.parametrize("given", ["", [], [""], [[]], [1, "a"], [None], ["a"] * 2_049])
def test_embeddings_of_nothing_are_refused(given: Any) -> None:
    with pytest.raises(Refusal, match="'input' must be"):
        read_embeddings(msgspec.json.encode({"model": "m", "input": given}))

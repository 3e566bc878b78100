"""What requests for messages ask, and what is refused in which words."""

import base64
from typing import Any

import msgspec
import pytest

from stellwerk.simulator.anthropic.request import Form, read_count, read_messages
from stellwerk.simulator.anthropic.signature import redact, sign
from stellwerk.simulator.refusal import Refusal

USER = {"role": "user", "content": "Hello there"}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Vienna"}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "18 degrees"}
WEATHER = {"name": "get_weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}
SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": sign("Hm.", b"seed")}
BUDGET = {"type": "enabled", "budget_tokens": 1_024}
STRICT = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}


def _body(**fields: Any) -> bytes:
    return msgspec.json.encode({"model": "m", "max_tokens": 2_000, "messages": [USER], **fields})


def _refused(**fields: Any) -> str:
    with pytest.raises(Refusal) as caught:
        read_messages(_body(**fields), "")
    assert (caught.value.status, caught.value.code) == (400, "invalid_request_error")
    return caught.value.message


def test_a_plain_request_is_read() -> None:
    ask = read_messages(_body(stop_sequences=["x"], stream=True), "")
    assert (ask.model, ask.is_stream, ask.text, ask.max_tokens, ask.stop) == ("m", True, "Hello there", 2_000, ("x",))
    assert (ask.thinks, ask.shows_thoughts, ask.output, ask.tools) == (False, False, None, ())


def test_what_does_not_change_the_answer_does_not_change_its_content() -> None:
    plain = read_messages(_body(), "")
    marked = {
        "role": "user",
        "content": [{"type": "text", "text": "Hello there", "cache_control": {"type": "ephemeral"}}],
    }
    assert read_messages(_body(stream=True, metadata={"user_id": "u"}), "").content == plain.content
    assert read_messages(_body(messages=[marked]), "").content == plain.content
    assert read_messages(_body(temperature=0.5), "").content != plain.content


def test_neighbouring_messages_of_one_role_are_one_turn() -> None:
    messages = [USER, {"role": "assistant", "content": "a"}, {"role": "assistant", "content": [CALL]}]
    messages += [{"role": "user", "content": [RESULT]}, {"role": "user", "content": "And tomorrow?"}]
    ask = read_messages(_body(messages=messages, tools=[WEATHER]), "")
    assert ask.tool_results == (("get_weather", "18 degrees"),)
    assert ask.text == "And tomorrow?"


def test_newer_models_take_instructions_behind_the_users_words() -> None:
    instruction = {"role": "system", "content": "Answer in French."}
    ask = read_messages(_body(model="claude-opus-4-8", messages=[USER, instruction]), "")
    assert ask.text == "Hello there"
    unexpected = 'messages: Unexpected role "system"'
    assert unexpected in _refused(model="claude-sonnet-4-5-20250929", messages=[USER, instruction])
    assert unexpected in _refused(messages=[USER, {"role": "assistant", "content": "a"}, instruction])
    image = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
    assert "may only contain `text`" in _refused(messages=[USER, {"role": "system", "content": [image]}])


def test_thinking_between_tools_thinks_about_their_results_alone() -> None:
    history = [USER, {"role": "assistant", "content": [CALL]}, {"role": "user", "content": [RESULT]}]
    thinking = {"type": "between_tools"}
    assert not read_messages(_body(thinking=thinking), "").thinks
    assert read_messages(_body(thinking=thinking, messages=history), "").thinks


def test_anthropics_own_tools_are_taken_and_never_called() -> None:
    ask = read_messages(_body(tools=[SEARCH, WEATHER]), "")
    assert [tool.name for tool in ask.tools] == ["get_weather"]
    forced = read_messages(_body(tools=[SEARCH], tool_choice={"type": "tool", "name": "web_search"}), "")
    assert (forced.tools, forced.named_tool) == ((), None)


@pytest.mark.parametrize(
    ("choice", "read"),
    [
        ({"type": "auto"}, (1, False, None, True)),
        ({"type": "any", "disable_parallel_tool_use": True}, (1, True, None, False)),
        ({"type": "tool", "name": "get_weather"}, (1, True, "get_weather", True)),
        ({"type": "none"}, (0, False, None, True)),
    ],
)
def test_the_choice_of_tools_is_read(choice: Any, read: Any) -> None:
    ask = read_messages(_body(tools=[WEATHER], tool_choice=choice), "")
    assert (len(ask.tools), ask.must_call, ask.named_tool, ask.may_call_in_parallel) == read


def test_marks_for_the_cache_are_read_with_how_long_they_last() -> None:
    long, short = {"type": "ephemeral", "ttl": "1h"}, {"type": "ephemeral"}
    system: list[Any] = [{"type": "text", "text": "a", "cache_control": long}, {"type": "text", "text": "b"}]
    ask = read_messages(_body(system=system, tools=[WEATHER], cache_control=short), "")
    assert ask.cache_marks == (2, 4)
    assert ask.form == Form(long_mark=2)
    assert "must not come after" in _refused(system=[{**system[0], "cache_control": short}, {**system[0]}])
    assert "Found 5" in _refused(system=[system[0]] * 5)


def test_images_and_documents_count() -> None:
    data = base64.b64encode(b"x" * 300).decode()
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}
    by_url = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
    pdf = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": data}}
    plain = read_count(_body_of_count([USER]), "").prompt_tokens
    seen = read_count(_body_of_count([USER, {"role": "user", "content": [image, by_url, pdf]}]), "").prompt_tokens
    assert seen == plain + 3 * 4 + 2 * 1_600 + 75


def _body_of_count(messages: list[Any]) -> bytes:
    return msgspec.json.encode({"model": "m", "messages": messages})


def test_thoughts_that_come_back_unchanged_are_taken() -> None:
    hidden = {"type": "redacted_thinking", "data": redact(b"seed")}
    messages = [USER, {"role": "assistant", "content": [THOUGHT, hidden, CALL]}, {"role": "user", "content": [RESULT]}]
    ask = read_messages(_body(messages=messages, tools=[WEATHER], thinking=BUDGET), "")
    assert (ask.thinks, ask.most_thoughts, ask.shows_thoughts) == (True, 1_024, True)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([{**THOUGHT, "thinking": "Hm!"}, CALL], "messages.1.content.0: Invalid `signature` in `thinking` block"),
        ([{**THOUGHT, "signature": "AAAA"}, CALL], "Invalid `signature`"),
        ([{**THOUGHT, "signature": "é"}, CALL], "Invalid `signature`"),
        ([{"type": "thinking", "thinking": "Hm."}, CALL], "messages.1.content.0.signature: Field required"),
        ([{"type": "redacted_thinking", "data": "AAAA"}, CALL], "Invalid `data` in `redacted_thinking`"),
        ([CALL, THOUGHT], "must come first"),
        ([CALL], "Expected `thinking` or `redacted_thinking`, but found `tool_use`"),
    ],
)
def test_thoughts_that_changed_or_stand_wrong_are_refused(content: Any, reason: str) -> None:
    messages = [USER, {"role": "assistant", "content": content}, {"role": "user", "content": [RESULT]}]
    assert reason in _refused(messages=messages, tools=[WEATHER], thinking=BUDGET)


def test_without_a_budget_a_turn_may_begin_without_a_thought() -> None:
    messages = [USER, {"role": "assistant", "content": [CALL]}, {"role": "user", "content": [RESULT]}]
    assert read_messages(_body(messages=messages, tools=[WEATHER], thinking={"type": "adaptive"}), "").thinks


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([], "messages: at least one message is required"),
        ([{"role": "assistant", "content": "a"}], 'messages: first message must use the "user" role'),
        ([{"role": "system", "content": "a"}], 'messages: Unexpected role "system"'),
        ([{"role": "tool", "content": "a"}], "messages.0.role: Input should be"),
        ([{"role": "user", "content": ""}, USER], "messages.0: all messages must have non-empty content"),
        ([{"role": "user", "content": [{"type": "text", "text": ""}]}], "must be non-empty"),
        ([{"role": "user", "content": " \n"}], "must contain non-whitespace text"),
        ([{"role": "user", "content": [CALL]}], "`tool_use` blocks can only be in `assistant` messages"),
        ([USER, {"role": "assistant", "content": [RESULT]}], "`tool_result` blocks can only be in `user` messages"),
        ([USER, {"role": "assistant", "content": [CALL]}], "without `tool_result` blocks immediately after: toolu_1"),
        ([USER, {"role": "assistant", "content": [CALL]}, USER], "messages.1: `tool_use` ids were found without"),
        ([{"role": "user", "content": [RESULT]}], "messages.0.content.0: unexpected `tool_use_id`"),
        ([USER, {"role": "assistant", "content": "a "}], "cannot end with trailing whitespace"),
        ([{"role": "user", "content": [{"type": "text", "text": "a", "id": 1}]}], "content.0.id: Extra inputs"),
        ([{"role": "user", "content": [{"type": "txt"}]}], "messages.0.content.0.type: Input tag 'txt'"),
        ([{"role": "user"}], "messages.0.content: Field required"),
        ("a", "messages: Input should be a valid list"),
    ],
)
def test_conversations_that_cannot_be_are_refused(messages: Any, reason: str) -> None:
    assert reason in _refused(messages=messages)


@pytest.mark.parametrize(
    ("blocks", "reason"),
    [
        ([{"type": "text", "text": "so"}, RESULT], "without `tool_result` blocks immediately after"),
        ([RESULT, RESULT], "Found multiple `tool_result`"),
        ([RESULT, {"type": "text", "text": "so"}], None),
    ],
)
def test_results_come_first_and_once(blocks: Any, reason: str | None) -> None:
    messages = [USER, {"role": "assistant", "content": [CALL]}, {"role": "user", "content": blocks}]
    if reason is None:
        assert read_messages(_body(messages=messages), "").tool_results
    else:
        assert reason in _refused(messages=messages)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"max_tokens": None}, "max_tokens: Input should be a valid integer"),
        ({"temperature": 2}, "temperature: "),
        ({"frequency_penalty": 1}, "frequency_penalty: Extra inputs are not permitted"),
        ({"stop_sequences": [" "]}, "each stop sequence must contain non-whitespace"),
        ({"system": [{"type": "text", "text": ""}]}, "system: text content blocks must be non-empty"),
        ({"mcp_servers": []}, "mcp_servers: Extra inputs are not permitted"),
        ({"thinking": {"type": "enabled", "budget_tokens": 5}}, "thinking.budget_tokens: "),
        ({"thinking": {"type": "enabled", "budget_tokens": 2_000}}, "`max_tokens` must be greater than"),
        ({"thinking": BUDGET, "temperature": 0.5}, "`temperature` may only be set to 1"),
        ({"thinking": BUDGET, "top_p": 0.5}, "`top_p` must be"),
        ({"thinking": BUDGET, "top_k": 5}, "`top_k` must be unset"),
        ({"thinking": BUDGET, "tools": [WEATHER], "tool_choice": {"type": "any"}}, "Thinking may not be enabled"),
        ({"tool_choice": {"type": "any"}}, "may only be specified while providing `tools`"),
        ({"tools": [WEATHER], "tool_choice": {"type": "tool", "name": "x"}}, "Tool 'x' not found"),
        ({"tools": [WEATHER], "tool_choice": {"type": "tool"}}, "name: Field required"),
        ({"tools": [WEATHER], "tool_choice": {"type": "required"}}, "tool_choice.type: Input tag 'required'"),
        ({"tools": [WEATHER, WEATHER]}, "tools: Tool names must be unique."),
        ({"tools": [{"name": "x"}]}, "tools.0.custom.input_schema: Field required"),
        ({"tools": [{"name": "x y", "input_schema": {"type": "object"}}]}, "tools.0.custom.name: "),
        ({"tools": [{"name": "x", "input_schema": {}}]}, "tools.0.custom.input_schema.type: Field required"),
        ({"tools": [{"name": "x", "input_schema": {"type": "array"}}]}, "Input should be 'object'"),
        ({"tools": [{"name": "x", "input_schema": {"type": "object", "anyOf": []}}]}, "at the top level"),
        ({"tools": [{"name": "x", "type": "function"}]}, "Input tag 'function'"),
        ({"tools": [{**WEATHER, "strict": True}]}, "'additionalProperties' must be explicitly set to false"),
    ],
)
def test_fields_that_cannot_be_are_refused(fields: Any, reason: str) -> None:
    assert reason in _refused(**fields)


def test_callers_with_a_beta_header_may_say_more() -> None:
    fields = {"mcp_servers": [], "output_format": {"type": "json_schema", "schema": STRICT}}
    assert read_messages(_body(**fields), "some-beta").output == STRICT


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ({"type": "integer", "minimum": 1}, "For 'integer' type, properties minimum are not supported"),
        ({"type": "string", "minLength": 1}, "properties minLength are not supported"),
        ({"type": "array", "minItems": 2, "items": {"type": "string"}}, "'minItems' values other than 0 or 1"),
        ({"type": "object"}, "'additionalProperties' must be explicitly set to false"),
        ({"oneOf": []}, "'oneOf' is not supported"),
        ({"$ref": "https://example.com"}, "External schema references"),
        ({"$ref": "#/$defs/none"}, "leads nowhere"),
        ({"$ref": "#/$defs/loop"}, "Circular reference"),
        ({"$ref": "#/$defs/fine"}, None),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, None),
    ],
)
def test_schemas_of_answers_are_kept_to_what_a_grammar_can_be_made_of(part: Any, reason: str | None) -> None:
    loop = {"type": "array", "items": {"$ref": "#/$defs/loop"}}
    definitions = {"fine": {"type": "string"}} | ({"loop": loop} if "loop" in str(part) else {})
    schema = {**STRICT, "properties": {"a": part}, "$defs": definitions}
    config = {"format": {"type": "json_schema", "schema": schema}, "effort": "low"}
    if reason is None:
        ask = read_messages(_body(output_config=config), "")
        assert (ask.output, ask.effort) == (schema, "low")
    else:
        assert reason in _refused(output_config=config)


def test_what_is_no_json_is_refused() -> None:
    for body in (b"{", b"\xff", b"[" * 5_000):
        with pytest.raises(Refusal):
            read_messages(body, "")


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("claude-sonnet-4-5", "does not support the effort parameter"),
        ("claude-haiku-4-5-20251001", "does not support the effort parameter"),
        ("claude-opus-4-5", ""),
        ("claude-sonnet-4-6", ""),
    ],
)
def test_an_effort_is_refused_by_models_that_know_none(model: str, told: str) -> None:
    body = _body(model=model, output_config={"effort": "low"})
    if not told:
        read_messages(body, "")
        return
    with pytest.raises(Refusal, match=told):
        read_messages(body, "")


def test_models_that_think_within_a_budget_take_no_other_measure() -> None:
    with pytest.raises(Refusal, match="adaptive thinking is not supported"):
        read_messages(_body(model="claude-sonnet-4-5", thinking={"type": "adaptive"}), "")
    read_messages(_body(model="claude-opus-4-6", thinking={"type": "adaptive"}), "")

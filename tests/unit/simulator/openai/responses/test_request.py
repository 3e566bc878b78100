"""What requests for responses ask, and what is refused in which words."""

from typing import Any

import msgspec
import pytest

from stellwerk.simulator.openai.responses.request import read_response
from stellwerk.simulator.openai.responses.sealed_reasoning import encrypted
from stellwerk.simulator.openai.responses.store import MOST_RESPONSES, Kept, Store
from stellwerk.simulator.refusal import Refusal

CALL = {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "18 degrees"}
CUSTOM = {"type": "custom_tool_call", "call_id": "call_2", "name": "shell", "input": "ls"}
THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": encrypted("rs_1", b"seed")}
WEATHER = {"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {}}}
USER = {"role": "user", "content": "Hello there"}


def _body(**fields: Any) -> bytes:
    return msgspec.json.encode({"model": "m", "input": [USER], **fields})


def _refused(**fields: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read_response(_body(**fields), Store())
    return caught.value


def test_a_plain_request_is_read() -> None:
    ask = read_response(
        _body(input="Hello there", instructions="Be brief.", stream=True, max_output_tokens=20), Store()
    )
    assert (ask.model, ask.is_stream, ask.text, ask.max_tokens) == ("m", True, "Hello there", 20)
    assert (ask.logprobs, ask.output, ask.effort, ask.shows_thoughts) == (None, None, None, False)


def test_results_of_tools_are_read_with_their_names() -> None:
    custom = {
        "type": "custom_tool_call_output",
        "call_id": "call_2",
        "output": [{"type": "input_text", "text": "a.txt"}],
    }
    ask = read_response(_body(input=[USER, THOUGHT, CALL, CUSTOM, OUTPUT, custom]), Store())
    assert ask.tool_results == (("get_weather", "18 degrees"), ("shell", "a.txt"))


def test_items_of_openais_own_tools_pass() -> None:
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}}
    assert read_response(_body(input=[USER, THOUGHT, search, USER]), Store()).text == "Hello there"


@pytest.mark.parametrize(
    ("item", "param", "code"),
    [
        ({"role": "tool", "content": "a"}, "input[0].role", "invalid_value"),
        ({"role": "user"}, "input[0].content", "missing_required_parameter"),
        ({"role": "user", "content": "a", "name": "b"}, "input[0].name", "unknown_parameter"),
        ({"role": "user", "content": 5}, "input[0].content", "invalid_type"),
        ({"content": "a"}, "input[0].type", "missing_required_parameter"),
        ({"type": "message_", "id": "a"}, "input[0].type", "invalid_value"),
        ({"role": "user", "content": [{"type": "text", "text": "a"}]}, "input[0].content[0].type", "invalid_value"),
        (
            {"role": "assistant", "content": [{"type": "input_text", "text": "a"}]},
            "input[0].content[0].type",
            "invalid_value",
        ),
        ({"role": "user", "content": [{"type": "input_image"}]}, "input[0].content[0]", "invalid_value"),
        ({"type": "function_call", "call_id": "a", "name": "b"}, "input[0]", "invalid_value"),
    ],
)
def test_items_that_cannot_be_are_refused_with_their_place(item: Any, param: str, code: str) -> None:
    refused = _refused(input=[item])
    assert (refused.status, refused.param, refused.code) == (400, param, code)


@pytest.mark.parametrize("url", ["file:///a.png", "data:image/png;base64,!!", "data:text/plain;base64,AAAA"])
def test_images_that_are_none_are_refused(url: str) -> None:
    part = {"type": "input_image", "image_url": url}
    assert "Expected a valid URL" in _refused(input=[{"role": "user", "content": [part]}]).message


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        ([USER, CALL], "No tool output found for function call call_1."),
        ([USER, CUSTOM], "No tool output found for custom tool call call_2."),
        ([USER, OUTPUT], "No tool call found for function call output with call_id call_1."),
        ([USER, CUSTOM, {**OUTPUT, "call_id": "call_2"}], "No tool call found for function call output"),
        ([USER, THOUGHT], "Item 'rs_1' of type 'reasoning' was provided without its required following item."),
        ([THOUGHT, USER], "without its required following item"),
        ([USER, {**THOUGHT, "id": "rs_2"}, CALL, OUTPUT], "did not match the target item id"),
        ([USER, {**THOUGHT, "encrypted_content": "gAAAAAB!"}, CALL, OUTPUT], "could not be decrypted or parsed"),
        ([USER, {**THOUGHT, "encrypted_content": "x"}, CALL, OUTPUT], "could not be decrypted or parsed"),
        ([USER, {"type": "reasoning", "id": "rs_2", "summary": []}, CALL, OUTPUT], "Item with id 'rs_2' not found"),
        ([USER, {"type": "reasoning", "summary": []}, CALL, OUTPUT], "Missing required parameter"),
        ([{"type": "item_reference", "id": "msg_1"}], "Item with id 'msg_1' not found"),
    ],
)
def test_conversations_that_cannot_be_are_refused(items: Any, reason: str) -> None:
    assert reason in _refused(input=items).message


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": None}, "input"),
        ({"max_tokens": 5}, "max_tokens"),
        ({"max_output_tokens": 5}, "max_output_tokens"),
        ({"stop": "a"}, "stop"),
        ({"stream_options": {}}, "stream_options"),
        ({"background": True}, "background"),
        ({"metadata": {str(number): "" for number in range(17)}}, "metadata"),
        ({"include": ["usage"]}, "include[0]"),
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"tools": [{"type": "function", "function": {"name": "a"}}]}, "tools[0].function"),
        ({"tools": [{"type": "function_"}]}, "tools[0].type"),
        ({"tools": [{**WEATHER, "strict": True}]}, "tools[0].parameters"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tools": [WEATHER], "tool_choice": "any"}, "tool_choice"),
        ({"tools": [WEATHER], "tool_choice": {"type": "function", "name": "x"}}, "tool_choice"),
        ({"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice.name"),
        ({"tools": [WEATHER], "tool_choice": {"type": "tool"}}, "tool_choice.type"),
        ({"text": {"format": {"type": "json_schema", "json_schema": {}}}}, "text.format.json_schema"),
        ({"text": {"format": {"type": "json_schema"}}}, "text.format"),
        ({"text": {"format": {"type": "json_object"}}}, "input"),
    ],
)
def test_fields_that_cannot_be_are_refused_with_their_place(fields: Any, param: str) -> None:
    refused = _refused(**fields)
    assert (refused.status, refused.param) == (400, param)


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "array", "items": {}}, "got 'type: \"array\"'"),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, "'additionalProperties' is required"),
        ({"type": "object", "properties": {"a": {}}, "additionalProperties": False}, "'required' is required"),
        (_strict := {"type": "object", "properties": {}, "additionalProperties": False, "required": []}, None),
        ({**_strict, "properties": {"a": {"allOf": []}}, "required": ["a"]}, "'allOf' is not permitted"),
        ({**_strict, "$defs": {"b": {"type": "object"}}}, "In context=('$defs', 'b')"),
        ({**_strict, "properties": {"a": {"anyOf": [{}, {"items": 5}]}}, "required": ["a"]}, "schema is invalid"),
    ],
)
def test_strict_schemas_leave_nothing_open(schema: Any, reason: str | None) -> None:
    text = {"format": {"type": "json_schema", "name": "n", "schema": schema, "strict": True}}
    if reason is None:
        assert read_response(_body(text=text), Store()).output == schema
    else:
        assert reason in _refused(text=text).message


def test_what_is_no_json_is_refused() -> None:
    for body in (b"{", b"\xff", b"[" * 5_000):
        with pytest.raises(Refusal):
            read_response(body, Store())


def test_the_oldest_responses_are_forgotten() -> None:
    store = Store()
    for number in range(MOST_RESPONSES + 1):
        output = [{"id": f"msg_{number}", "type": "message"}]
        store.keep(Kept({"id": str(number), "output": output}, [], output))
    assert (store.find("0"), store.item("msg_0")) == (None, None)
    assert store.item("msg_1") is not None
    assert (store.forget("1"), store.forget("1")) == (True, False)

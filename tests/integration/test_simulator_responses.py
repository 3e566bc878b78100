"""The official OpenAI client asks a simulated provider for responses."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import openai
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from openai import OpenAI
from openai.types.responses import Response, ResponseFunctionToolCall, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter

from stellwerk.simulator import Scenario, SimulatedProvider, Simulator, running_beside

QUESTION = "What is the weather in Vienna?"
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}},
    "required": ["city", "unit"],
    "additionalProperties": False,
}
WEATHER: Any = {"type": "function", "name": "get_weather", "parameters": SCHEMA, "strict": True}
CLOCK: Any = {"type": "function", "name": "get_time", "parameters": None}
SHELL: Any = {"type": "custom", "name": "shell"}
EVENT: TypeAdapter[ResponseStreamEvent] = TypeAdapter(ResponseStreamEvent)


@contextmanager
def _client(**fields: Any) -> Iterator[tuple[OpenAI, Simulator]]:
    spec = SimulatedProvider(name="openai", keys=("sk-test",), **fields)
    with (
        running_beside(Scenario(seed=3, providers=(spec,))) as (simulator,),
        OpenAI(base_url=simulator.base_url, api_key="sk-test", max_retries=0, timeout=20) as client,
    ):
        yield client, simulator


def _ask(client: OpenAI, steering: str = "fault=none", **fields: Any) -> Response:
    asked = {"model": "gpt-4o", "input": QUESTION, **fields}
    response: Response = client.responses.create(**asked, extra_headers={"x-simulate": steering})
    return response


def _events(client: OpenAI, steering: str = "fault=none", **fields: Any) -> list[Any]:
    asked = {"model": "gpt-4o", "input": QUESTION, "stream": True, **fields}
    with client.responses.create(**asked, extra_headers={"x-simulate": steering}) as stream:
        return list(stream)


def _calls(response: Response) -> list[ResponseFunctionToolCall]:
    return [item for item in response.output if item.type == "function_call"]


def test_a_plain_response_has_text_and_usage() -> None:
    with _client() as (client, _):
        response = _ask(client, metadata={"a": "b"}, temperature=0.5)
    assert response.output_text
    assert (response.status, response.metadata, response.temperature) == ("completed", {"a": "b"}, 0.5)
    assert response.usage is not None
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens
    Response.model_validate(response.model_dump(by_alias=True), strict=True)


@pytest.mark.parametrize(
    ("steering", "fields"),
    [
        ("fault=none", {}),
        ("fault=none", {"model": "gpt-5.2", "reasoning": {"effort": "low", "summary": "auto"}}),
        ("fault=none", {"model": "gpt-5.2", "include": ["reasoning.encrypted_content"], "store": False}),
        ("call=get_weather", {"tools": [WEATHER]}),
        ("call=get_weather,get_time,shell", {"tools": [WEATHER, CLOCK, SHELL]}),
        ("call=none", {"tools": [WEATHER]}),
        ("call=get_weather", {"tools": [WEATHER], "max_output_tokens": 16}),
        ("tokens=50", {"max_output_tokens": 16}),
        ("finish=content_filter", {}),
        ("finish=failed", {}),
        ("refusal", {}),
        ("tokens=4", {"top_logprobs": 2, "include": ["message.output_text.logprobs"]}),
    ],
)
def test_a_stream_builds_up_what_its_last_event_and_the_whole_response_say(steering: str, fields: Any) -> None:
    with _client() as (client, _):
        whole, events = _ask(client, steering, **fields), _events(client, steering, **fields)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type for event in events[:2]] == ["response.created", "response.in_progress"]
    last = events[-1]
    assert last.type == f"response.{whole.status}"
    shape = {"id", "created_at", "completed_at"}
    assert last.response.usage == whole.usage
    assert [item.type for item in last.response.output] == [item.type for item in whole.output]
    assert last.response.model_dump(exclude=shape | {"output"}) == whole.model_dump(exclude=shape | {"output"})
    done = [event.item for event in events if event.type == "response.output_item.done"]
    assert done == last.response.output
    for event in events:
        EVENT.validate_python(event.model_dump(by_alias=True, warnings=False))
    for index, item in enumerate(last.response.output):
        deltas = "".join(event.delta for event in events if "delta" in event.type and event.output_index == index)
        assert deltas == _text_of(item)


def _text_of(item: Any) -> str:
    match item.type:
        case "reasoning":
            return "".join([part.text for part in item.summary])
        case "message":
            return str(getattr(item.content[0], item.content[0].type.removeprefix("output_")))
        case "function_call":
            return str(item.arguments)
        case _:
            return str(item.input)


def test_a_function_is_called_and_its_output_used() -> None:
    with _client() as (client, _):
        first = _ask(client, "call=get_weather,get_time", model="gpt-5.2", tools=[WEATHER, CLOCK])
        weather, clock = _calls(first)
        Draft202012Validator(SCHEMA).validate(TypeAdapter(dict[str, Any]).validate_json(weather.arguments))
        assert clock.arguments == "{}"
        outputs = [
            {"type": "function_call_output", "call_id": call.call_id, "output": "18 degrees, sunny"}
            for call in (weather, clock)
        ]
        second = _ask(client, model="gpt-5.2", previous_response_id=first.id, input=outputs, tools=[WEATHER, CLOCK])
        assert "18 degrees, sunny" in second.output_text
        third = _ask(client, previous_response_id=second.id, input="Thank you")
        assert third.usage is not None
        assert second.usage is not None
        assert third.usage.input_tokens > second.usage.input_tokens


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("none", None),
        ("required", {"get_weather", "get_time"}),
        ({"type": "function", "name": "get_time"}, {"get_time"}),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"name": "get_time"}]},
            {"get_time"},
        ),
    ],
)
def test_the_choice_of_tools_is_obeyed(choice: Any, called: set[str] | None) -> None:
    with _client() as (client, _):
        response = _ask(client, tools=[WEATHER, CLOCK, {"type": "web_search"}], tool_choice=choice)
    names = {call.name for call in _calls(response)}
    assert names <= called if called else not names
    assert bool(names) == bool(called)


def test_encrypted_reasoning_comes_back_and_is_checked() -> None:
    with _client() as (client, _):
        kept_out: dict[str, Any] = {"model": "gpt-5.2", "store": False, "include": ["reasoning.encrypted_content"]}
        first = _ask(client, "call=get_weather", tools=[WEATHER], **kept_out)
        spoken: list[Any] = [item.model_dump(exclude_none=True) for item in first.output]
        assert spoken[0]["type"] == "reasoning"
        output = {"type": "function_call_output", "call_id": _calls(first)[0].call_id, "output": "18 degrees"}
        history = [{"role": "user", "content": QUESTION}, *spoken, output]
        assert "18 degrees" in _ask(client, input=history, **kept_out).output_text
        sealed = spoken[0]["encrypted_content"]
        spoken[0]["encrypted_content"] = sealed[:40] + ("A" if sealed[40] != "A" else "B") + sealed[41:]
        with pytest.raises(openai.BadRequestError) as caught:
            _ask(client, input=history, **kept_out)
        assert caught.value.code == "invalid_encrypted_content"
        spoken[0].update(encrypted_content=sealed, id="rs_other")
        with pytest.raises(openai.BadRequestError, match="did not match the target item id"):
            _ask(client, input=history, **kept_out)
        del spoken[0]["encrypted_content"]
        with pytest.raises(openai.NotFoundError, match="Items are not persisted"):
            _ask(client, input=history, **kept_out)


class Step(BaseModel):
    """A part of a plan."""

    title: str
    minutes: int


class Plan(BaseModel):
    """An answer with a shape."""

    steps: list[Step]
    note: str | None


def test_an_answer_with_a_schema_is_parsed_into_pydantic() -> None:
    with _client() as (client, _):
        response = client.responses.parse(model="gpt-4o", input=QUESTION, text_format=Plan)
        as_object = _ask(client, input="Answer as JSON.", text={"format": {"type": "json_object"}})
    assert isinstance(response.output_parsed, Plan)
    assert "answer" in as_object.output_text


def test_images_and_files_are_accepted_and_counted() -> None:
    parts: Any = [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo=", "detail": "high"},
        {"type": "input_file", "file_data": "data:application/pdf;base64,JVBERi0=", "filename": "a.pdf"},
    ]
    with _client() as (client, _):
        given: Any = [{"role": "user", "content": parts}]
        response = _ask(client, input=given)
        counted = client.responses.input_tokens.count(model="gpt-4o", input=given)
    assert response.usage is not None
    assert response.usage.input_tokens == counted.input_tokens > 765


def test_responses_are_kept_shown_and_forgotten() -> None:
    with _client() as (client, _):
        events = _events(client, input=[{"role": "user", "content": "One"}, {"role": "assistant", "content": "Two"}])
        response = events[-1].response
        assert client.responses.retrieve(response.id).output_text == response.output_text
        items = client.responses.input_items.list(response.id).data
        assert [item.type for item in items] == ["message", "message"]
        referred = [{"type": "item_reference", "id": response.output[0].id}, {"role": "user", "content": "Go on"}]
        assert _ask(client, input=referred).output_text
        client.responses.delete(response.id)
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(response.id)
        with pytest.raises(openai.BadRequestError) as caught:
            _ask(client, previous_response_id=response.id)
        assert caught.value.code == "previous_response_not_found"
        hidden = _ask(client, store=False)
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(hidden.id)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("fault=429", openai.RateLimitError),
        ("fault=503", openai.InternalServerError),
        ("fault=close", openai.APIConnectionError),
        ("fault=cut", openai.APIConnectionError),
    ],
)
def test_faults_become_the_clients_own_exceptions(fault: str, error: type[Exception]) -> None:
    with _client() as (client, _), pytest.raises(error):
        _ask(client, fault)


def test_a_stream_can_break_off_in_every_way() -> None:
    with _client() as (client, _):
        failed = _events(client, "fault=error_in_stream; after_events=5; code=server_error; message=Broken")[-1]
        assert (failed.type, failed.code, failed.message) == ("error", "server_error", "Broken")
        assert failed.sequence_number == 5
        assert _events(client, "fault=no_done")[-1].type == "response.output_item.done"
        with pytest.raises(openai.APIConnectionError):
            _events(client, "fault=cut")


def test_only_responses_end_as_failed() -> None:
    with _client() as (client, _):
        failed = _ask(client, "finish=failed")
        assert (failed.status, failed.error is not None and failed.error.code) == ("failed", "server_error")
        with pytest.raises(openai.BadRequestError, match="no answer ends as failed"):
            client.chat.completions.create(
                model="gpt-4o",
                messages=[{"role": "user", "content": QUESTION}],
                extra_headers={"x-simulate": "finish=failed"},
            )

"""The official Anthropic client against a simulated provider."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

import anthropic
import httpx2
import msgspec
import pytest
from anthropic import Anthropic, AsyncAnthropic
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic import BaseModel

from stellwerk.simulator import PlannedFault, Scenario, SimulatedProvider, Simulator, running, running_beside

MODEL = "claude-sonnet-4-6"
USER: Any = {"role": "user", "content": "What is the weather in Vienna?"}
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 7}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
WEATHER: Any = {"name": "get_weather", "description": "The weather of a city", "input_schema": SCHEMA}
CLOCK: Any = {"name": "get_time", "input_schema": {"type": "object", "properties": {}}}
BUDGET: Any = {"type": "enabled", "budget_tokens": 1_024}


@contextmanager
def _client(**fields: Any) -> Iterator[tuple[Anthropic, Simulator]]:
    spec = SimulatedProvider(name="anthropic", dialect="anthropic", keys=("sk-test",), **fields)
    with (
        running_beside(Scenario(seed=3, providers=(spec,))) as (simulator,),
        Anthropic(base_url=simulator.base_url, api_key="sk-test", max_retries=0, timeout=20) as client,
    ):
        yield client, simulator


def _ask(client: Anthropic, steering: str = "fault=none", **fields: Any) -> anthropic.types.Message:
    asked = {"model": MODEL, "max_tokens": 4_000, "messages": [USER], **fields}
    message: anthropic.types.Message = client.messages.create(**asked, extra_headers={"x-simulate": steering})
    return message


def _stream(client: Anthropic, steering: str = "fault=none", **fields: Any) -> anthropic.types.Message:
    asked: dict[str, Any] = {"model": MODEL, "max_tokens": 4_000, "messages": [USER], **fields}
    with client.messages.stream(**asked, extra_headers={"x-simulate": steering}) as stream:
        return stream.get_final_message()


def _same(whole: anthropic.types.Message, streamed: anthropic.types.Message) -> bool:
    apart: Any = {"id": True, "content": {"__all__": {"parsed_output"}}}
    apart["usage"] = {"output_tokens_details", "cache_creation"}
    return bool(whole.model_dump(exclude=apart) == streamed.model_dump(exclude=apart))


def _plain(simulator: Simulator, method: str, path: str, **headers: str) -> tuple[int, str]:
    """Status and message of what a request without a client is refused with."""
    connection = HTTPConnection(simulator.address, timeout=20)
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, b"{}", fields)
    answer = connection.getresponse()
    body = msgspec.json.decode(answer.read())
    connection.close()
    return answer.status, body["error"]["message"]


def test_a_plain_message_has_text_usage_and_the_id_of_its_request() -> None:
    with _client() as (client, _):
        message = _ask(client)
    assert message.content[0].type == "text"
    assert message.content[0].text
    assert message.stop_reason == "end_turn"
    assert message.usage.input_tokens > 0
    assert message.usage.output_tokens > 0
    assert message._request_id is not None
    assert message._request_id.startswith("req_")


@pytest.mark.parametrize(
    ("steering", "fields"),
    [
        ("fault=none", {}),
        ("call=get_weather", {"tools": [WEATHER, CLOCK]}),
        ("call=get_time", {"tools": [WEATHER, CLOCK]}),
        ("call=get_weather,get_time,get_weather", {"tools": [WEATHER, CLOCK]}),
        ("call=none", {"tools": [WEATHER, CLOCK]}),
        ("fault=none", {"thinking": BUDGET}),
        ("call=get_weather", {"thinking": {"type": "adaptive"}, "tools": [WEATHER]}),
        ("say=one%20two%20three", {"stop_sequences": [" two"]}),
        ("fault=none", {"max_tokens": 5}),
        ("refusal", {}),
    ],
)
def test_a_stream_says_what_the_whole_message_says(steering: str, fields: dict[str, Any]) -> None:
    with _client() as (client, simulator):
        whole, streamed = _ask(client, steering, **fields), _stream(client, steering, **fields)
        assert _same(whole, streamed)
        entry = simulator.report()["last_requests"][-1]
        assert (entry["is_stream"], entry["outcome"], entry["model"]) == (True, "answered", MODEL)


def test_tools_are_called_and_their_results_used() -> None:
    with _client() as (client, _):
        first = _ask(client, "call=get_weather,get_time", tools=[WEATHER, CLOCK])
        calls = [block for block in first.content if block.type == "tool_use"]
        assert (first.stop_reason, [call.name for call in calls]) == ("tool_use", ["get_weather", "get_time"])
        Draft202012Validator(SCHEMA).validate(calls[0].input)
        assert calls[1].input == {}
        results = [{"type": "tool_result", "tool_use_id": call.id, "content": "18 degrees, sunny"} for call in calls]
        history = [USER, {"role": "assistant", "content": first.content}, {"role": "user", "content": results}]
        second = _ask(client, messages=history, tools=[WEATHER, CLOCK])
    assert second.content[0].type == "text"
    assert "18 degrees, sunny" in second.content[0].text


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ({"type": "none"}, set()),
        ({"type": "any", "disable_parallel_tool_use": True}, {"get_weather", "get_time"}),
        ({"type": "tool", "name": "get_time"}, {"get_time"}),
    ],
)
def test_the_choice_of_tools_is_obeyed(choice: Any, called: set[str]) -> None:
    with _client() as (client, _):
        message = _ask(client, tools=[WEATHER, CLOCK], tool_choice=choice)
    names = [block.name for block in message.content if block.type == "tool_use"]
    assert set(names) <= called
    assert len(names) == min(len(called), 1)
    assert message.stop_reason == ("tool_use" if called else "end_turn")


def test_a_call_that_is_cut_off_is_told_as_such() -> None:
    with _client() as (client, _):
        pieces = ""
        asked: dict[str, Any] = {"model": MODEL, "max_tokens": 11, "messages": [USER], "tools": [WEATHER]}
        stream = client.messages.create(**asked, stream=True, extra_headers={"x-simulate": "call=get_weather"})
        for event in stream:
            if event.type == "content_block_delta" and event.delta.type == "input_json_delta":
                pieces += event.delta.partial_json
            if event.type == "message_delta":
                assert event.delta.stop_reason == "max_tokens"
    assert pieces.startswith('{"')
    assert not pieces.endswith("}")


@pytest.mark.parametrize("thinking", [BUDGET, {"type": "adaptive"}, {"type": "adaptive", "display": "omitted"}])
def test_a_second_turn_takes_the_thoughts_of_the_first(thinking: Any) -> None:
    with _client() as (client, _):
        first = _stream(client, "call=get_weather", tools=[WEATHER], thinking=thinking)
        assert first.content[0].type == "thinking"
        call = first.content[-1]
        assert call.type == "tool_use"
        result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "18 degrees"}]}
        spoken: list[Any] = [block.model_dump(exclude_none=True, exclude={"parsed_output"}) for block in first.content]
        history = [USER, {"role": "assistant", "content": spoken}, {"role": "user", "content": [result]}]
        assert _ask(client, messages=history, tools=[WEATHER], thinking=thinking).content[-1].type == "text"
        spoken[0]["thinking"] += "!"
        with pytest.raises(anthropic.BadRequestError, match="Invalid `signature` in `thinking` block"):
            _ask(client, messages=history, tools=[WEATHER], thinking=thinking)
        del spoken[0]["signature"]
        with pytest.raises(anthropic.BadRequestError, match="signature: Field required"):
            _ask(client, messages=history, tools=[WEATHER], thinking=thinking)


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
        message = client.messages.parse(model=MODEL, max_tokens=2_000, messages=[USER], output_format=Plan)
    assert isinstance(message.parsed_output, Plan)


def test_images_and_documents_are_accepted_and_counted() -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
    pdf = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}}
    with _client() as (client, _):
        messages: Any = [{"role": "user", "content": [image, pdf, {"type": "text", "text": "What is this?"}]}]
        counted = client.messages.count_tokens(model=MODEL, messages=messages).input_tokens
        assert counted == _ask(client, messages=messages).usage.input_tokens > 1_600


def test_marked_prompts_are_written_to_the_cache_and_read_from_it() -> None:
    system = [{"type": "text", "text": "Be brief. " * 800, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    with _client(prompt_cache=True) as (client, _):
        first, second = _ask(client, system=system).usage, _stream(client, system=system).usage
    assert first.cache_creation is not None
    assert first.cache_creation.ephemeral_1h_input_tokens == first.cache_creation_input_tokens
    assert first.cache_creation_input_tokens == second.cache_read_input_tokens
    assert (second.cache_read_input_tokens or 0) > 1_024
    assert (first.cache_read_input_tokens, second.cache_creation_input_tokens) == (0, 0)
    assert first.input_tokens == second.input_tokens < 100


def test_models_are_listed_and_found() -> None:
    with _client(models=("claude-a", "claude-b")) as (client, _):
        assert [model.id for model in client.models.list()] == ["claude-a", "claude-b"]
        assert client.models.retrieve("claude-b").id == "claude-b"
        with pytest.raises(anthropic.NotFoundError, match="model: claude-c"):
            _ask(client, model="claude-c")


@pytest.mark.parametrize(
    ("fault", "error", "kind"),
    [
        ("fault=400", anthropic.BadRequestError, "invalid_request_error"),
        ("fault=401", anthropic.AuthenticationError, "authentication_error"),
        ("fault=403", anthropic.PermissionDeniedError, "permission_error"),
        ("fault=413", anthropic.RequestTooLargeError, "request_too_large"),
        ("fault=429", anthropic.RateLimitError, "rate_limit_error"),
        ("fault=500", anthropic.InternalServerError, "api_error"),
        ("fault=529", anthropic.InternalServerError, "overloaded_error"),
    ],
)
def test_faults_become_the_clients_own_exceptions(fault: str, error: type[anthropic.APIStatusError], kind: str) -> None:
    with _client() as (client, _), pytest.raises(error) as caught:
        _ask(client, fault)
    body: Any = caught.value.body
    assert (body["type"], body["error"]["type"], body["request_id"]) == ("error", kind, caught.value.request_id)


@pytest.mark.parametrize("fault", ["close", "reset", "cut", "short_length"])
def test_connections_that_break_are_errors_for_the_client(fault: str) -> None:
    with _client() as (client, _), pytest.raises(anthropic.APIConnectionError):
        _ask(client, f"fault={fault}")


@pytest.mark.parametrize(
    ("steering", "error"),
    [
        ("fault=cut", httpx2.RemoteProtocolError),
        ("fault=error_in_stream; code=overloaded_error; message=Overloaded", anthropic.APIStatusError),
        ("fault=error_in_stream; after_events=0", anthropic.APIStatusError),
    ],
)
def test_a_stream_that_breaks_is_an_error_for_the_client(steering: str, error: type[Exception]) -> None:
    with _client() as (client, _), pytest.raises(error):
        _stream(client, steering)


def test_a_stream_without_its_closing_event_ends_after_the_usage() -> None:
    with _client() as (client, _):
        asked: dict[str, Any] = {"model": MODEL, "max_tokens": 100, "messages": [USER], "stream": True}
        kinds = [event.type for event in client.messages.create(**asked, extra_headers={"x-simulate": "fault=no_done"})]
    assert kinds[-1] == "message_delta"


def test_a_wrong_key_none_and_a_bearer_token() -> None:
    with _client() as (client, simulator):
        with pytest.raises(anthropic.AuthenticationError, match="invalid x-api-key"):
            _ask(client.with_options(api_key="sk-wrong"))
        bearer = Anthropic(base_url=simulator.base_url, auth_token="sk-test", api_key=None, max_retries=0)
        assert _ask(bearer).content
        bearer.close()
        told = _plain(simulator, "POST", "/v1/messages", anthropic_version="2023-06-01")
        assert told == (401, "x-api-key header is required")


def test_the_version_is_demanded() -> None:
    with _client() as (_, simulator):
        missing = _plain(simulator, "POST", "/v1/messages", x_api_key="sk-test")
        assert missing == (400, "anthropic-version: header is required")
        status, told = _plain(simulator, "POST", "/v1/messages", x_api_key="sk-test", anthropic_version="latest")
        assert (status, "is not a valid version" in told) == (400, True)
        assert _plain(simulator, "GET", "/v1/messages")[0] == 405
        assert _plain(simulator, "GET", "/v2/messages")[0] == 404


def test_limits_are_told_and_kept() -> None:
    with _client(rpm=1) as (client, _):
        asked: dict[str, Any] = {"model": MODEL, "max_tokens": 100, "messages": [USER]}
        headers = client.messages.with_raw_response.create(**asked).headers
        assert headers["anthropic-ratelimit-requests-limit"] == "1"
        assert headers["anthropic-ratelimit-requests-reset"].endswith("Z")
        with pytest.raises(anthropic.RateLimitError) as caught:
            _ask(client)
        assert 1 <= int(caught.value.response.headers["retry-after"]) <= 60


def test_prompts_that_are_too_long_are_refused() -> None:
    with _client() as (client, _), pytest.raises(anthropic.BadRequestError, match="prompt is too long"):
        _ask(client, messages=[{"role": "user", "content": "word " * 200_000}])


def test_planned_faults_happen_to_every_dialect() -> None:
    with _client(faults=(PlannedFault(kind=529, requests=(1, 1)),)) as (client, simulator):
        message = client.with_options(max_retries=1).messages.create(model=MODEL, max_tokens=100, messages=[USER])
        assert message.content
        assert simulator.report()["by_status"] == {"529": 1, "200": 1}


def test_the_async_client_gets_the_same_in_many_streams_at_once() -> None:
    async def read_all() -> list[str]:
        spec = SimulatedProvider(name="a", dialect="anthropic", first_token_ms=5, token_ms=1, answer_tokens=20)
        async with (
            running(Scenario(seed=3, providers=(spec,))) as (simulator,),
            AsyncAnthropic(base_url=simulator.base_url, api_key="sk-any", max_retries=0, timeout=20) as client,
        ):

            async def read(number: int) -> str:
                messages: Any = [{"role": "user", "content": f"Question {number % 5}"}]
                async with client.messages.stream(model=MODEL, max_tokens=100, messages=messages) as stream:
                    return await stream.get_final_text()

            return await asyncio.gather(*[read(number) for number in range(40)])

    assert len(set(asyncio.run(read_all()))) == 5

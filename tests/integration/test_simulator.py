"""The official OpenAI client against a simulated provider."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Literal

import msgspec
import openai
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletionFunctionToolParam, ChatCompletionMessageParam
from pydantic import BaseModel, Field

from stellwerk.simulator import PlannedFault, Scenario, SimulatedProvider, Simulator, running, running_beside

QUESTION: ChatCompletionMessageParam = {"role": "user", "content": "What is the weather in Vienna?"}
PARAMETERS = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        "days": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 7}, "minItems": 1},
        "place": {
            "type": "object",
            "properties": {"lat": {"type": "number"}, "lon": {"type": "number"}},
            "required": ["lat", "lon"],
            "additionalProperties": False,
        },
    },
    "required": ["city", "unit", "place"],
    "additionalProperties": False,
}
WEATHER: ChatCompletionFunctionToolParam = {
    "type": "function",
    "function": {"name": "get_weather", "description": "The weather of a city", "parameters": PARAMETERS},
}
CLOCK: ChatCompletionFunctionToolParam = {
    "type": "function",
    "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}},
}


@contextmanager
def _client(**fields: Any) -> Iterator[tuple[OpenAI, Simulator]]:
    spec = SimulatedProvider(name="openai", keys=("sk-test",), **fields)
    with (
        running_beside(Scenario(seed=3, providers=(spec,))) as (simulator,),
        OpenAI(base_url=simulator.base_url, api_key="sk-test", max_retries=0, timeout=20) as client,
    ):
        yield client, simulator


@asynccontextmanager
async def _async_client(**fields: Any) -> AsyncIterator[tuple[AsyncOpenAI, Simulator]]:
    spec = SimulatedProvider(name="openai", **fields)
    async with (
        running(Scenario(seed=3, providers=(spec,))) as (simulator,),
        AsyncOpenAI(base_url=simulator.base_url, api_key="sk-any", max_retries=0, timeout=20) as client,
    ):
        yield client, simulator


def test_a_plain_answer_has_text_and_usage() -> None:
    with _client() as (client, _):
        completion = client.chat.completions.create(model="gpt-4o", messages=[QUESTION])
    assert completion.choices[0].message.content
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens
    assert completion._request_id is not None
    assert completion._request_id.startswith("req_")


def test_a_stream_says_what_the_whole_answer_says() -> None:
    with _client() as (client, simulator):
        whole = client.chat.completions.create(model="gpt-4o", messages=[QUESTION], n=2)
        texts, usage = ["", ""], None
        with client.chat.completions.create(
            model="gpt-4o", messages=[QUESTION], n=2, stream=True, stream_options={"include_usage": True}
        ) as stream:
            for chunk in stream:
                usage = chunk.usage or usage
                for choice in chunk.choices:
                    texts[choice.index] += choice.delta.content or ""
        assert [choice.message.content for choice in whole.choices] == texts
        assert usage == whole.usage
        entry = simulator.report()["last_requests"][-1]
        assert (entry["is_stream"], entry["wants_usage"], entry["outcome"]) == (True, True, "answered")


def test_the_async_client_gets_the_same_in_many_streams_at_once() -> None:
    async def read(client: AsyncOpenAI, number: int) -> str:
        messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": f"Question {number % 5}"}]
        stream = await client.chat.completions.create(model="gpt-4o", messages=messages, stream=True)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    async def read_all() -> list[str]:
        async with _async_client(first_token_ms=5, token_ms=1, answer_tokens=20) as (client, simulator):
            texts = await asyncio.gather(*[read(client, number) for number in range(100)])
            assert simulator.report()["answered"] == 100
            return texts

    texts = asyncio.run(read_all())
    assert len(set(texts)) == 5
    assert all(texts)


def test_a_limit_ends_the_answer_with_length() -> None:
    with _client() as (client, _):
        completion = client.chat.completions.create(model="gpt-4o", messages=[QUESTION], max_completion_tokens=5)
    assert completion.choices[0].finish_reason == "length"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 5


def test_reasoning_models_report_what_they_thought() -> None:
    with _client() as (client, _):
        completion = client.chat.completions.create(model="o4-mini", messages=[QUESTION], reasoning_effort="low")
    assert completion.usage is not None
    assert completion.usage.completion_tokens_details is not None
    assert completion.usage.completion_tokens_details.reasoning_tokens
    assert completion.usage.completion_tokens > completion.usage.completion_tokens_details.reasoning_tokens


def test_a_tool_is_called_and_its_result_used() -> None:
    with _client() as (client, _):
        first = client.chat.completions.create(
            model="gpt-4o", messages=[QUESTION], tools=[WEATHER], parallel_tool_calls=False
        )
        message = first.choices[0].message
        assert first.choices[0].finish_reason == "tool_calls"
        assert message.tool_calls is not None
        (call,) = message.tool_calls
        assert call.type == "function"
        Draft202012Validator(PARAMETERS).validate(msgspec.json.decode(call.function.arguments))
        history: list[Any] = [
            QUESTION,
            message.model_dump(exclude_none=True),
            {"role": "tool", "tool_call_id": call.id, "content": "18 degrees, sunny"},
        ]
        second = client.chat.completions.create(model="gpt-4o", messages=history, tools=[WEATHER])
    assert second.choices[0].finish_reason == "stop"
    assert "18 degrees, sunny" in (second.choices[0].message.content or "")


def test_parallel_calls_are_streamed_in_fragments() -> None:
    with _client() as (client, _):
        names: dict[int, str] = {}
        arguments: dict[int, str] = {}
        fragments = 0
        stream = client.chat.completions.create(
            model="gpt-4o",
            messages=[QUESTION],
            tools=[WEATHER, CLOCK],
            stream=True,
            extra_headers={"x-simulate": "call=get_weather,get_time"},
        )
        for chunk in stream:
            for call in chunk.choices[0].delta.tool_calls or ():
                assert call.function is not None
                fragments += 1
                names[call.index] = call.function.name or names[call.index]
                arguments[call.index] = arguments.get(call.index, "") + (call.function.arguments or "")
    assert names == {0: "get_weather", 1: "get_time"}
    assert fragments > 6
    Draft202012Validator(PARAMETERS).validate(msgspec.json.decode(arguments[0]))
    assert msgspec.json.decode(arguments[1]) == {}


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("none", None),
        ("required", {"get_weather", "get_time"}),
        ({"type": "function", "function": {"name": "get_time"}}, {"get_time"}),
    ],
)
def test_the_choice_of_tools_is_obeyed(choice: Any, called: set[str] | None) -> None:
    with _client() as (client, _):
        completion = client.chat.completions.create(
            model="gpt-4o", messages=[QUESTION], tools=[WEATHER, CLOCK], tool_choice=choice
        )
    calls = completion.choices[0].message.tool_calls
    if called is None:
        assert calls is None
        assert completion.choices[0].message.content
    else:
        assert calls
        assert all(call.type == "function" and call.function.name in called for call in calls)


class Step(BaseModel):
    """A part of a plan."""

    title: str
    minutes: int = Field(ge=1, le=90)
    kind: Literal["walk", "train"]


class Plan(BaseModel):
    """An answer with a shape."""

    steps: list[Step] = Field(min_length=1)
    note: str | None
    code: str = Field(pattern=r"^[A-Z]{3}-\d{2}$")


def test_an_answer_with_a_schema_is_parsed_into_pydantic() -> None:
    with _client() as (client, _):
        completion = client.chat.completions.parse(model="gpt-4o", messages=[QUESTION], response_format=Plan)
        refused = client.chat.completions.parse(
            model="gpt-4o", messages=[QUESTION], response_format=Plan, extra_headers={"x-simulate": "refusal"}
        )
    assert isinstance(completion.choices[0].message.parsed, Plan)
    assert refused.choices[0].message.parsed is None
    assert refused.choices[0].message.refusal


def test_json_mode_answers_with_an_object() -> None:
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Answer as JSON."}]
    with _client() as (client, _):
        completion = client.chat.completions.create(
            model="gpt-4o", messages=messages, response_format={"type": "json_object"}
        )
    assert "answer" in msgspec.json.decode(completion.choices[0].message.content or "")


def test_images_and_sounds_are_accepted_and_counted() -> None:
    parts: list[Any] = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}},
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
    ]
    with _client() as (client, _):
        completion = client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": parts}])
    assert completion.usage is not None
    assert completion.usage.prompt_tokens > 85
    assert completion.usage.prompt_tokens_details is not None
    assert completion.usage.prompt_tokens_details.audio_tokens == 1


def test_log_probabilities_come_with_each_token() -> None:
    with _client() as (client, _):
        completion = client.chat.completions.create(
            model="gpt-4o", messages=[QUESTION], logprobs=True, top_logprobs=2, max_tokens=4
        )
    logprobs = completion.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content is not None
    assert [len(entry.top_logprobs) for entry in logprobs.content] == [2, 2, 2, 2]
    assert "".join(entry.token for entry in logprobs.content) == completion.choices[0].message.content


def test_embeddings_and_models_are_served() -> None:
    with _client(models=("gpt-4o", "text-embedding-3-small")) as (client, _):
        vectors = client.embeddings.create(model="text-embedding-3-small", input=["one", "two"], dimensions=16)
        assert [len(entry.embedding) for entry in vectors.data] == [16, 16]
        assert [model.id for model in client.models.list()] == ["gpt-4o", "text-embedding-3-small"]
        assert client.models.retrieve("gpt-4o").id == "gpt-4o"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("fault=400", openai.BadRequestError),
        ("fault=401", openai.AuthenticationError),
        ("fault=403", openai.PermissionDeniedError),
        ("fault=404", openai.NotFoundError),
        ("fault=409", openai.ConflictError),
        ("fault=422", openai.UnprocessableEntityError),
        ("fault=429", openai.RateLimitError),
        ("fault=500", openai.InternalServerError),
        ("fault=503", openai.InternalServerError),
        ("fault=529", openai.InternalServerError),
        ("fault=close", openai.APIConnectionError),
        ("fault=reset", openai.APIConnectionError),
        ("fault=cut", openai.APIConnectionError),
        ("fault=short_length", openai.APIConnectionError),
    ],
)
def test_faults_become_the_clients_own_exceptions(fault: str, error: type[Exception]) -> None:
    with _client() as (client, _), pytest.raises(error):
        client.chat.completions.create(model="gpt-4o", messages=[QUESTION], extra_headers={"x-simulate": fault})


@pytest.mark.parametrize("how", ["key", "model", "context", "body"])
def test_refusals_become_the_clients_own_exceptions(how: str) -> None:
    with _client(models=("gpt-4o",)) as (client, _):
        if how == "key":
            with pytest.raises(openai.AuthenticationError) as caught:
                client.with_options(api_key="sk-wrong").chat.completions.create(model="gpt-4o", messages=[QUESTION])
        elif how == "model":
            with pytest.raises(openai.NotFoundError) as caught:  # type: ignore[assignment]
                client.chat.completions.create(model="gpt-9", messages=[QUESTION])
        elif how == "context":
            with pytest.raises(openai.BadRequestError) as caught:  # type: ignore[assignment]
                client.chat.completions.create(model="gpt-4o", messages=[QUESTION], max_tokens=128_000)
        else:
            with pytest.raises(openai.BadRequestError) as caught:  # type: ignore[assignment]
                client.chat.completions.create(model="gpt-4o", messages=[QUESTION], temperature=7)
    code = {"key": "invalid_api_key", "model": "model_not_found", "context": "context_length_exceeded", "body": None}
    assert caught.value.code == code[how]


def test_a_client_that_waits_too_long_gives_up_and_that_is_seen() -> None:
    with _client() as (client, simulator):
        with pytest.raises(openai.APITimeoutError):
            client.chat.completions.create(
                model="gpt-4o", messages=[QUESTION], timeout=0.2, extra_headers={"x-simulate": "fault=hang"}
            )
        assert simulator.report()["by_fault"] == {"hang": 1}


def test_a_client_that_tries_again_as_told_gets_its_answer() -> None:
    with _client(faults=(PlannedFault(kind=429, requests=(1, 2), retry_after_s=0.01),)) as (client, simulator):
        completion = client.with_options(max_retries=2).chat.completions.create(model="gpt-4o", messages=[QUESTION])
        assert completion.choices[0].message.content
        assert simulator.report()["by_status"] == {"429": 2, "200": 1}


def _read_stream(client: OpenAI, steering: str) -> str:
    text = ""
    with client.chat.completions.create(
        model="gpt-4o", messages=[QUESTION], stream=True, extra_headers={"x-simulate": steering}
    ) as stream:
        for chunk in stream:
            text += chunk.choices[0].delta.content or ""
    return text


def test_a_stream_without_its_closing_event_is_read_to_its_end() -> None:
    with _client() as (client, _):
        assert _read_stream(client, "fault=no_done") == _read_stream(client, "fault=none")


@pytest.mark.parametrize(
    ("steering", "error"),
    [
        ("fault=cut", openai.APIConnectionError),
        ("fault=cut; reset", openai.APIConnectionError),
        ("fault=error_in_stream", openai.APIError),
        ("fault=malformed", json.JSONDecodeError),
    ],
)
def test_a_stream_that_breaks_is_an_error_for_the_client(steering: str, error: type[Exception]) -> None:
    with _client() as (client, _), pytest.raises(error):
        _read_stream(client, steering)


def test_a_cancelled_stream_is_seen() -> None:
    with _client(token_ms=20, answer_tokens=5_000) as (client, simulator):
        with client.chat.completions.create(model="gpt-4o", messages=[QUESTION], stream=True) as stream:
            next(iter(stream))
        deadline = time.monotonic() + 10
        while not simulator.report()["aborted"]:
            assert time.monotonic() < deadline, "the cancellation was not seen in time"
        assert simulator.report()["in_flight"] == 0


def test_markers_in_the_text_work_where_headers_do_not_pass() -> None:
    marked: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hi [[say=Good morning]] [[tokens=3]]"}]
    with _client() as (client, _):
        completion = client.chat.completions.create(model="gpt-4o", messages=marked)
    assert completion.choices[0].message.content == "Good morning"


def test_two_providers_stand_in_for_each_other() -> None:
    providers = tuple(SimulatedProvider(name=name) for name in ("primary", "backup"))
    marked: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hi [[fault=503; at=primary]]"}]

    def ask(simulator: Simulator) -> str | None:
        with OpenAI(base_url=simulator.base_url, api_key="any", max_retries=0) as client:
            return client.chat.completions.create(model="m", messages=marked).choices[0].message.content

    with running_beside(Scenario(providers=providers)) as (primary, backup):
        with pytest.raises(openai.InternalServerError):
            ask(primary)
        assert ask(backup)


def test_a_thousand_requests_are_answered_over_a_few_connections() -> None:
    async def ask_many() -> dict[str, Any]:
        async with running(Scenario()) as (simulator,):
            host, _, port = simulator.address.partition(":")
            body = msgspec.json.encode({"model": "m", "messages": [QUESTION]})
            head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body)

            async def ask() -> None:
                reader, writer = await asyncio.open_connection(host, int(port))
                for _ in range(125):
                    writer.write(head + body)
                    answer = await reader.readuntil(b"\r\n\r\n")
                    length = int(answer.partition(b"content-length: ")[2].partition(b"\r\n")[0])
                    assert msgspec.json.decode(await reader.readexactly(length))["object"] == "chat.completion"
                writer.close()
                await writer.wait_closed()

            await asyncio.gather(*[ask() for _ in range(8)])
            return simulator.report()

    report = asyncio.run(ask_many())
    assert (report["answered"], report["in_flight"], report["by_status"]) == (1_000, 0, {"200": 1_000})

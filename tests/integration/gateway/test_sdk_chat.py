"""The official client through the gateway: what it asks for is what it gets."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from openai import NotFoundError
from openai.types.chat import ChatCompletionChunk
from pydantic import BaseModel

from tests.integration.gateway.clients import QUESTION, ask, sdk, sync_sdk
from tests.integration.gateway.kit import LIMITED_KEY, model
from tests.integration.gateway.scenes import simulated
from tests.integration.http.loop import on_loop

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5"
    "ErkJggg=="
)


def tool(name: str, *parameters: str) -> Any:
    """A tool with required text parameters."""
    properties = {parameter: {"type": "string"} for parameter in parameters}
    schema = {"type": "object", "properties": properties, "required": list(parameters)}
    return {"type": "function", "function": {"name": name, "description": name, "parameters": schema}}


TOOLS = [tool("get_weather", "city"), tool("get_time", "zone")]


def text_of(chunks: list[ChatCompletionChunk]) -> str:
    """The text of a stream's first candidate."""
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


@on_loop
async def test_a_question_is_answered_and_the_headers_tell_by_whom(tmp_path: Path) -> None:
    async with simulated(tmp_path) as (gateway, (upstream,)), sdk(gateway) as client:
        answer = await client.chat.completions.with_raw_response.create(model="plain", messages=ask("[[say=Hello.]]"))
        completion = answer.parse()
        assert completion.choices[0].message.content == "Hello."
        assert completion.model == "gpt-5-mini"
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-stellwerk-provider"] == "openai"
        assert answer.headers["x-stellwerk-model"] == "gpt-5-mini"
        assert answer.headers["x-stellwerk-attempts"] == "1"
        assert 0 <= float(answer.headers["x-stellwerk-overhead-ms"]) < 1_000
        event = await gateway.event()
        assert answer.headers["x-request-id"] == event.request_id
        assert completion.usage is not None
        assert (event.input_tokens, event.output_tokens) == (
            completion.usage.prompt_tokens,
            completion.usage.completion_tokens,
        )
        assert (event.key_name, event.team, event.model, event.status) == ("web", "shop", "plain", 200)
        assert (event.outcome, event.finish, event.is_stream) == ("complete", "stop", False)
        assert upstream.report()["by_model"] == {"gpt-5-mini": 1}


@on_loop
async def test_the_synchronous_client_gets_an_answer_and_a_stream(tmp_path: Path) -> None:
    async with simulated(tmp_path) as (gateway, _):

        def talk() -> tuple[str | None, str]:
            with sync_sdk(gateway) as client:
                answer = client.chat.completions.create(model="plain", messages=ask("[[say=One.]]"))
                chunks = client.chat.completions.create(model="plain", messages=ask("[[say=Two.]]"), stream=True)
                return answer.choices[0].message.content, text_of(list(chunks))

        assert await asyncio.to_thread(talk) == ("One.", "Two.")


@on_loop
async def test_a_stream_arrives_whole_without_usage_that_nobody_asked_for(tmp_path: Path) -> None:
    async with simulated(tmp_path) as (gateway, (upstream,)), sdk(gateway) as client:
        stream = await client.chat.completions.create(
            model="plain", messages=ask("[[say=A signal box sets routes.]]"), stream=True
        )
        chunks = [chunk async for chunk in stream]
        assert text_of(chunks) == "A signal box sets routes."
        assert all(chunk.usage is None and chunk.choices for chunk in chunks)
        assert chunks[-1].choices[0].finish_reason == "stop"
        event = await gateway.event()
        asked = upstream.report()["last_requests"][0]
        assert asked["wants_usage"]
        assert event.input_tokens == asked["prompt_tokens"] > 0
        assert event.output_tokens == asked["output_tokens"] > 0
        assert (event.outcome, event.finish, event.is_stream, event.attempts) == ("complete", "stop", True, 1)


@on_loop
async def test_usage_that_was_asked_for_comes_in_the_last_chunk_alone(tmp_path: Path) -> None:
    async with simulated(tmp_path) as (gateway, _), sdk(gateway) as client:
        stream = await client.chat.completions.create(
            model="plain",
            messages=ask("[[tokens=20; reasoning_tokens=7; cached_tokens=3]] Hello there, my friend."),
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
        assert [chunk.usage is not None for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
        usage = chunks[-1].usage
        assert usage is not None
        assert chunks[-1].choices == []
        event = await gateway.event()
        assert (event.input_tokens, event.output_tokens) == (usage.prompt_tokens, usage.completion_tokens)
        assert (event.cache_read_tokens, event.reasoning_tokens) == (3, 7)


@on_loop
async def test_usage_that_was_declined_is_asked_for_upstream_and_stripped(tmp_path: Path) -> None:
    async with simulated(tmp_path) as (gateway, (upstream,)), sdk(gateway) as client:
        stream = await client.chat.completions.create(
            model="plain", messages=QUESTION, stream=True, stream_options={"include_usage": False}
        )
        assert all(chunk.usage is None for chunk in [chunk async for chunk in stream])
        assert upstream.report()["last_requests"][0]["wants_usage"]
        assert (await gateway.event()).output_tokens > 0


@on_loop
async def test_a_streamed_answer_names_its_provider_in_its_headers_too(tmp_path: Path) -> None:
    async with simulated(tmp_path) as (gateway, _), sdk(gateway) as client:
        async with client.chat.completions.with_streaming_response.create(
            model="plain", messages=QUESTION, stream=True
        ) as answer:
            assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
            assert answer.headers["x-stellwerk-provider"] == "openai"
            assert answer.headers["x-stellwerk-attempts"] == "1"
            assert "x-stellwerk-cost-usd" not in answer.headers
            lines = [line async for line in answer.iter_lines()]
        assert lines[-2:] == ["data: [DONE]", ""]
        assert answer.headers["x-request-id"] == (await gateway.event()).request_id


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@on_loop
async def test_several_tools_are_called_at_once(tmp_path: Path, is_stream: bool) -> None:
    question = ask("[[call=get_weather,get_time]] How is the weather in Bern, and how late is it?")
    async with simulated(tmp_path) as (gateway, _), sdk(gateway) as client:
        if is_stream:
            async with client.chat.completions.stream(model="plain", messages=question, tools=TOOLS) as stream:
                completion: Any = await stream.get_final_completion()
        else:
            completion = await client.chat.completions.create(model="plain", messages=question, tools=TOOLS)
        message = completion.choices[0].message
        assert [call.function.name for call in message.tool_calls] == ["get_weather", "get_time"]
        assert set(json.loads(message.tool_calls[0].function.arguments)) == {"city"}
        assert set(json.loads(message.tool_calls[1].function.arguments)) == {"zone"}
        assert len({call.id for call in message.tool_calls}) == 2
        assert (await gateway.event()).finish == "tool_calls"


@on_loop
async def test_results_of_tools_go_back_and_are_answered(tmp_path: Path) -> None:
    async with simulated(tmp_path) as (gateway, _), sdk(gateway) as client:
        messages = ask("How is the weather in Bern?")
        forced: Any = {"type": "function", "function": {"name": "get_weather"}}
        first = await client.chat.completions.create(model="plain", messages=messages, tools=TOOLS, tool_choice=forced)
        calls = first.choices[0].message.tool_calls or []
        messages += [
            first.choices[0].message.to_dict(),
            {"role": "tool", "tool_call_id": calls[0].id, "content": "It snows."},
        ]
        second = await client.chat.completions.create(model="plain", messages=messages, tools=TOOLS)
        assert "It snows." in (second.choices[0].message.content or "")


class Invoice(BaseModel):
    """What the model is asked to write."""

    number: str
    total: float
    paid: bool


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@on_loop
async def test_an_answer_after_a_schema_is_parsed(tmp_path: Path, is_stream: bool) -> None:
    async with simulated(tmp_path) as (gateway, _), sdk(gateway) as client:
        question = ask("An invoice, please.")
        if is_stream:
            async with client.chat.completions.stream(
                model="plain", messages=question, response_format=Invoice
            ) as stream:
                completion = await stream.get_final_completion()
        else:
            completion = await client.chat.completions.parse(model="plain", messages=question, response_format=Invoice)
        assert isinstance(completion.choices[0].message.parsed, Invoice)
        assert (await gateway.event()).outcome == "complete"


@on_loop
async def test_images_reach_the_provider_as_they_were_sent(tmp_path: Path) -> None:
    content = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://images.example.com/a.png"}},
    ]
    async with simulated(tmp_path) as (gateway, (upstream,)), sdk(gateway) as client:
        await client.chat.completions.create(model="plain", messages=[{"role": "user", "content": content}])  # type: ignore[misc, list-item]
        arrived = json.loads(upstream.report()["last_requests"][0]["body"])
        assert arrived["messages"][0]["content"] == content
        assert (await gateway.event()).input_tokens > 85


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@on_loop
async def test_several_candidates_come(tmp_path: Path, is_stream: bool) -> None:
    async with simulated(tmp_path) as (gateway, _), sdk(gateway) as client:
        if is_stream:
            chunks = [
                chunk
                async for chunk in await client.chat.completions.create(
                    model="plain", messages=QUESTION, n=2, stream=True
                )
            ]
            finished = [one.index for chunk in chunks for one in chunk.choices if one.finish_reason]
            spoken = {one.index for chunk in chunks for one in chunk.choices if one.delta.content}
            assert (sorted(finished), spoken) == ([0, 1], {0, 1})
        else:
            completion = await client.chat.completions.create(model="plain", messages=QUESTION, n=2)
            assert [one.index for one in completion.choices] == [0, 1]
        assert (await gateway.event()).outcome == "complete"


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@on_loop
async def test_log_probabilities_come(tmp_path: Path, is_stream: bool) -> None:
    wish: dict[str, Any] = {"model": "plain", "messages": ask("[[say=Yes.]]"), "logprobs": True, "top_logprobs": 2}
    async with simulated(tmp_path) as (gateway, _), sdk(gateway) as client:
        if is_stream:
            chunks = [chunk async for chunk in await client.chat.completions.create(**wish, stream=True)]
            shown = [one.logprobs for chunk in chunks for one in chunk.choices if one.logprobs is not None]
        else:
            completion = await client.chat.completions.create(**wish)
            shown = [completion.choices[0].logprobs]
        tokens = [token for entry in shown if entry is not None for token in entry.content or []]
        assert "".join(token.token for token in tokens) == "Yes."
        assert all(len(token.top_logprobs) == 2 for token in tokens)
        assert (await gateway.event()).outcome == "complete"


@on_loop
async def test_each_key_sees_the_models_it_may_use(tmp_path: Path) -> None:
    more = model("org/other-model:v1.2", "openai")
    async with simulated(tmp_path, sections=more) as (gateway, _):
        async with sdk(gateway) as client:
            assert [one.id async for one in client.models.list()] == ["org/other-model:v1.2", "plain"]
            one = await client.models.retrieve("org/other-model:v1.2")
            assert (one.id, one.object) == ("org/other-model:v1.2", "model")
        async with sdk(gateway, LIMITED_KEY) as client:
            assert [one.id async for one in client.models.list()] == ["plain"]
            with pytest.raises(NotFoundError) as forbidden:
                await client.models.retrieve("org/other-model:v1.2")
            with pytest.raises(NotFoundError) as unknown:
                await client.models.retrieve("org/other-model:v1.3")
        told = [error.value.message.replace("v1.2", "").replace("v1.3", "") for error in (forbidden, unknown)]
        assert told[0] == told[1]
        assert not gateway.events

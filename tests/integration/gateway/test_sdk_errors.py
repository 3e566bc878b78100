"""What the official client raises: one exception type for each status, with what and where."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai import APIStatusError, AsyncOpenAI

from stellwerk.simulator import SimulatedModel
from tests.integration.gateway.clients import QUESTION, ask, sdk
from tests.integration.gateway.kit import LIMITED_KEY, model
from tests.integration.gateway.scenes import scripted, simulated, simulator
from tests.integration.gateway.upstream import LAST_CHUNK, ROLE, STREAM_HEAD, answers, chunk, refuses, said
from tests.integration.http.loop import eventually, on_loop


async def refusal(client: AsyncOpenAI, kind: type[APIStatusError], **wish: Any) -> Any:
    """The error that a request ends in."""
    with pytest.raises(kind) as caught:
        await client.chat.completions.create(**{"model": "plain", "messages": QUESTION, **wish})
    assert type(caught.value) is kind
    assert "x-request-id" in caught.value.response.headers
    assert caught.value.response.headers["content-type"] == "application/json"
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, openai.BadRequestError), (404, openai.NotFoundError), (422, openai.UnprocessableEntityError)],
    ids=str,
)
@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@on_loop
async def test_a_refusal_of_the_request_keeps_status_and_reason(
    tmp_path: Path, is_stream: bool, status: int, kind: type[APIStatusError]
) -> None:
    body = b'{"error":{"message":"Too long by half.","type":"t","param":"messages","code":"context_length_exceeded"}}'
    async with scripted(tmp_path, refuses(status, body)) as (gateway, upstream), sdk(gateway) as client:
        error = await refusal(client, kind, stream=is_stream)
        assert error.status_code == status
        assert error.body["message"] == "Too long by half."
        assert error.param == "messages"
        assert len(upstream.requests) == 1
        event = await gateway.event()
        assert (event.outcome, event.status, event.attempts) == ("failed", status, 1)


@on_loop
async def test_the_providers_own_code_for_a_refusal_is_handed_on(tmp_path: Path) -> None:
    """Applications shorten their prompt on ``context_length_exceeded``: it is a part of the reason."""
    async with simulated(tmp_path) as (gateway, _), sdk(gateway) as client:
        question = ask("[[fault=400; code=context_length_exceeded; message=Too long.]]")
        error = await refusal(client, openai.BadRequestError, messages=question)
        assert error.code == "context_length_exceeded"


@on_loop
async def test_a_prompt_over_the_models_context_is_refused_by_name(tmp_path: Path) -> None:
    small = simulator("openai", models=(SimulatedModel(name="gpt-5-mini", context_tokens=16),))
    async with simulated(tmp_path, small) as (gateway, _), sdk(gateway) as client:
        error = await refusal(client, openai.BadRequestError, messages=ask("word " * 50))
        assert "maximum context length is 16 tokens" in error.message
        assert (error.code, error.param) == ("context_length_exceeded", "messages")


@on_loop
async def test_a_body_that_the_provider_finds_too_large_is_413(tmp_path: Path) -> None:
    async with scripted(tmp_path, refuses(413)) as (gateway, _), sdk(gateway) as client:
        error = await refusal(client, APIStatusError)
        assert error.status_code == 413


@on_loop
async def test_a_wrong_key_is_an_authentication_error(tmp_path: Path) -> None:
    async with simulated(tmp_path) as (gateway, (upstream,)), sdk(gateway, "sk-wrong-key-9876543210") as client:
        error = await refusal(client, openai.AuthenticationError)
        assert error.code == "invalid_api_key"
        assert "9876543210" not in str(error)
        assert upstream.report()["requests"] == 0
        assert (await gateway.event()).key_name == ""


@on_loop
async def test_an_unknown_model_and_one_that_is_not_allowed_read_the_same(tmp_path: Path) -> None:
    async with simulated(tmp_path, sections=model("secret", "openai")) as (gateway, _):
        async with sdk(gateway, LIMITED_KEY) as client:
            unknown = await refusal(client, openai.NotFoundError, model="nosuch")
            forbidden = await refusal(client, openai.NotFoundError, model="secret")
        assert unknown.code == forbidden.code == "model_not_found"
        assert unknown.param == forbidden.param == "model"
        assert unknown.message.replace("nosuch", "secret") == forbidden.message


@on_loop
async def test_a_rate_limit_of_the_provider_is_handed_on_with_its_time(tmp_path: Path) -> None:
    async with simulated(tmp_path) as (gateway, (upstream,)), sdk(gateway) as client:
        question = ask("[[fault=429; retry_after_s=17; message=Slow down.]]")
        error = await refusal(client, openai.RateLimitError, messages=question)
        assert error.response.headers["retry-after"] == "17"
        assert error.body["message"] == "Slow down."
        assert upstream.report()["requests"] == 1
        assert not gateway.clock.pauses_s


@pytest.mark.parametrize("status", [401, 403])
@on_loop
async def test_our_own_credentials_are_not_the_callers_business(tmp_path: Path, status: int) -> None:
    async with simulated(tmp_path) as (gateway, (upstream,)), sdk(gateway) as client:
        question = ask(f"[[fault={status}; message=Incorrect API key provided: upstream-secret-openai.]]")
        error = await refusal(client, openai.InternalServerError, messages=question)
        assert error.status_code == 502
        assert error.code == "upstream_credentials"
        assert "Incorrect" not in error.message
        assert upstream.report()["requests"] == 1


@pytest.mark.parametrize("status", [500, 502, 503, 529])
@on_loop
async def test_a_provider_that_fails_is_502_with_its_reason(tmp_path: Path, status: int) -> None:
    async with simulated(tmp_path) as (gateway, _), sdk(gateway) as client:
        error = await refusal(
            client, openai.InternalServerError, messages=ask(f"[[fault={status}; message=A fuse blew.]]")
        )
        assert (error.status_code, error.code) == (502, "upstream_unavailable")
        assert error.body["message"] == "A fuse blew."


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@on_loop
async def test_a_provider_that_says_nothing_is_504(tmp_path: Path, is_stream: bool) -> None:
    async with scripted(tmp_path, None) as (gateway, upstream), sdk(gateway) as client:

        async def time_passes() -> None:
            await eventually(lambda: upstream.held)
            gateway.advance(121)

        error, _ = await asyncio.gather(refusal(client, openai.InternalServerError, stream=is_stream), time_passes())
        assert (error.status_code, error.code) == (504, "upstream_timeout")


@on_loop
async def test_an_error_event_in_a_stream_is_raised_while_reading(tmp_path: Path) -> None:
    async with simulated(tmp_path) as (gateway, _), sdk(gateway) as client:
        question = ask("[[fault=error_in_stream; message=The engine stopped.; tokens=20]]")
        stream = await client.chat.completions.create(model="plain", messages=question, stream=True)
        seen = []
        with pytest.raises(openai.APIError, match=r"The engine stopped\."):
            seen.extend([chunk async for chunk in stream])
        event = await gateway.event()
        assert (event.outcome, event.status, event.error) == ("truncated", 200, "upstream_unavailable")


@on_loop
async def test_a_stream_that_is_cut_is_raised_while_reading(tmp_path: Path) -> None:
    cut = answers(STREAM_HEAD + chunk(ROLE) + chunk(said("Hel")) + LAST_CHUNK)
    async with scripted(tmp_path, cut) as (gateway, _), sdk(gateway) as client:
        stream = await client.chat.completions.create(model="plain", messages=QUESTION, stream=True)
        texts = [(await anext(stream)).choices[0].delta.content for _ in range(2)]
        with pytest.raises(openai.APIError, match="without its closing event"):
            await anext(stream)
        assert texts == ["", "Hel"]
        assert (await gateway.event()).outcome == "truncated"


@on_loop
async def test_what_is_for_operators_is_forbidden_to_others(tmp_path: Path) -> None:
    async with simulated(tmp_path) as (gateway, _):
        async with sdk(gateway, default_headers={"x-forwarded-for": "203.0.113.9"}) as client:
            with pytest.raises(openai.PermissionDeniedError) as caught:
                await client.with_options(base_url=gateway.url).get("/metrics", cast_to=httpx2.Response)
        assert caught.value.code == "permission_denied"


@on_loop
async def test_the_clients_own_timeout_ends_the_work_upstream(tmp_path: Path) -> None:
    async with scripted(tmp_path, None) as (gateway, upstream), sdk(gateway, timeout=0.05) as client:
        with pytest.raises(openai.APITimeoutError):
            await client.chat.completions.create(model="plain", messages=QUESTION)
        await eventually(lambda: upstream.departed)
        event = await gateway.event()
        assert (event.outcome, event.status, event.error) == ("cancelled", 499, "cancelled")

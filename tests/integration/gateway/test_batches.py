"""Batches through the gateway: the models that a file names are the gateway's, and are looked at line by line."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from openai import APIStatusError, AsyncOpenAI, BadRequestError, NotFoundError, RateLimitError

from stellwerk.gateway import reading
from tests.integration.gateway.clients import raw, sdk
from tests.integration.gateway.kit import KEY, LIMITED_KEY
from tests.integration.gateway.test_kept import TILL_KEY, Host, keeping
from tests.integration.http.loop import eventually, on_loop

BATCHING_KEY, SAVING_KEY = "batching-key-0123456789", "saving-key-0123456789"


def line(model_name: str, number: int = 1, **members: Any) -> bytes:
    """One request of a batch."""
    body = {"model": model_name, "input": "Hello", **members}
    request = {"custom_id": f"r{number}", "method": "POST", "url": "/v1/responses", "body": body}
    return json.dumps(request).encode() + b"\n"


async def uploaded(client: AsyncOpenAI, content: bytes, **options: Any) -> str:
    """The id of a file for a batch."""
    return (await client.files.create(file=("a.jsonl", content), purpose="batch", **options)).id


async def refused(client: AsyncOpenAI, content: bytes, **options: Any) -> str:
    """Why a file for a batch is not taken."""
    with pytest.raises(BadRequestError) as error:
        await uploaded(client, content, **options)
    assert error.value.param == "file"
    return str(error.value.message)


async def batch(client: AsyncOpenAI, file: str) -> str:
    """The id of a batch that is made of a file."""
    made = await client.batches.create(input_file_id=file, endpoint="/v1/responses", completion_window="24h")
    return made.id


def received(host: Host) -> list[str]:
    """The models of the lines of the last file that a host was sent."""
    body = host.asked[-1][2]
    return [json.loads(each)["body"]["model"] for each in body.splitlines() if each.startswith(b'{"custom_id"')]


@on_loop
async def test_the_lines_of_a_batch_name_the_gateways_models(tmp_path: Path) -> None:
    async with keeping(tmp_path, hosts=2) as (gateway, (first, last)), sdk(gateway) as client:
        await batch(client, await uploaded(client, line("plain") + b"\r\n\n" + line("plain", 2).strip()))
        assert [one[1] for one in first.asked] == ["/v1/files", "/v1/batches"]
        first.asked.pop()
        assert received(first) == ["gpt-5-mini", "gpt-5-mini"]
        await batch(client, await uploaded(client, line("plain") + line("second", 2) + line("plain", 3)))
        last.asked.pop()
        assert received(last) == ["gpt-5-mini", "gpt-5", "gpt-5-mini"]
        event = await gateway.event()
        assert (event.dialect, event.outcome, event.provider) == ("openai_files", "complete", "one")


@on_loop
async def test_a_model_that_the_key_may_not_use_is_refused_with_its_line(tmp_path: Path) -> None:
    async with keeping(tmp_path, hosts=2) as (gateway, hosts), sdk(gateway, LIMITED_KEY) as client:
        told = await refused(client, line("plain") + b"\n" + line("second", 2) + line("third", 3))
        assert "Line 3 of the file: The model 'second' does not exist or you do not have access to it." in told
        assert "Line 1 of the file: The model 'gpt-5'" in await refused(client, line("gpt-5"))
        assert not any(host.asked for host in hosts)
        event = await gateway.event()
        assert (event.status, event.outcome, event.attempts) == (400, "failed", 0)


@on_loop
async def test_lines_that_are_no_requests_are_refused_with_their_number(tmp_path: Path) -> None:
    wrong = {
        b"no json\n": "not a JSON object",
        b"[]\n": "not a JSON object",
        b'{"custom_id":"1"}\n': "body",
        b'{"body":{"input":"x"}}\n': "Missing required parameter: 'model'",
        b'{"body":{"model":["plain"]}}\n': "model",
        b'{"body":{"model":"second","model":"plain"}}\n': "Duplicate parameter: 'model'",
        b'{"body":{"model":"second","mod\\u0065l":"plain"}}\n': "Duplicate parameter: 'model'",
        b'{"body":{"model":"second"},"body":{"model":"plain"}}\n': "Duplicate parameter: 'body'",
        b'{"body":{"model":"plain"}} {"body":{"model":"second"}}\n': "not a JSON object",
        b'{"body":{"model":"plain"\xff}}\n': "not a JSON object",
    }
    async with keeping(tmp_path) as (gateway, (host,)), sdk(gateway, LIMITED_KEY) as client:
        for bad, why in wrong.items():
            told = await refused(client, line("plain") + bad)
            assert "Line 2 of the file: " in told
            assert why in told
        assert not host.asked


@on_loop
async def test_a_file_goes_to_a_provider_that_serves_all_of_its_models(tmp_path: Path) -> None:
    async with keeping(tmp_path, hosts=2) as (gateway, (first, last)), sdk(gateway) as client:
        file = await uploaded(client, line("second"))
        assert (len(first.asked), len(last.asked)) == (0, 1)
        await batch(client, file)
        assert (len(first.asked), len(last.asked)) == (0, 2)
        headers = {"x-stellwerk-provider": "one"}
        told = await refused(client, line("plain") + line("second", 2), extra_headers=headers)
        assert "Line 2 of the file: No provider of what stands before it serves the model 'second'." in told
        await uploaded(client, line("plain"), extra_headers={"x-stellwerk-provider": "two"})
        assert received(last) == ["gpt-5-mini"]


@on_loop
async def test_ids_in_the_lines_of_a_batch_are_opened_for_their_owner_alone(tmp_path: Path) -> None:
    async with keeping(tmp_path) as (gateway, (host,)), sdk(gateway) as client, sdk(gateway, LIMITED_KEY) as other:
        answer = await client.responses.create(model="plain", input="Hello")
        follower = line("plain", 2, previous_response_id=answer.id)
        await uploaded(client, line("plain") + follower)
        assert received(host) == ["gpt-5-mini", "gpt-5-mini"]
        assert b'"previous_response_id": "resp_68a1"' in host.asked[-1][2]
        asked = len(host.asked)
        for foreign in (follower, line("plain", 2, previous_response_id="resp_68a1")):
            with pytest.raises(NotFoundError, match="Line 2 of the file: Nothing is kept for you") as error:
                await uploaded(other, line("plain") + foreign)
            assert error.value.param == "file"
        assert len(host.asked) == asked


@on_loop
async def test_a_batch_is_made_only_of_a_file_whose_models_are_known(tmp_path: Path) -> None:
    async with keeping(tmp_path) as (gateway, (host,)), sdk(gateway) as client:
        hidden = (await client.files.create(file=("a.jsonl", line("gpt-5")), purpose="user_data")).id
        known = await uploaded(client, line("plain"))
        asked = len(host.asked)
        with pytest.raises(BadRequestError, match="purpose 'batch'") as error:
            await batch(client, hidden)
        assert error.value.param == "input_file_id"
        async with httpx2.AsyncClient(base_url=gateway.url, headers={"authorization": f"Bearer {KEY}"}) as web:
            for body, field in (
                ({"endpoint": "/v1/responses"}, "input_file_id"),
                ({"input_file_id": hidden, "metadata": {"input_file_id": known}}, "input_file_id"),
                ({"input_file_id": known, "input_blob": "https://a.example/b"}, "input_blob"),
            ):
                told = await web.post("/v1/batches", json=body)
                assert (told.status_code, told.json()["error"]["param"]) == (400, field)
            form = {"input_file_id": (None, known)}
            assert (await web.post("/v1/batches", files=form)).status_code == 400
        assert len(host.asked) == asked
        await client.files.delete(known)


@on_loop
async def test_a_colleague_with_fewer_models_makes_no_batch_of_a_file_that_names_others(tmp_path: Path) -> None:
    async with keeping(tmp_path) as (gateway, (host,)), sdk(gateway) as client, sdk(gateway, TILL_KEY) as colleague:
        file = await uploaded(client, line("plain") + line("second", 2))
        await batch(colleague, file)
        narrower = gateway.source.replace(f'key = "{TILL_KEY}"', f'key = "{TILL_KEY}"\nmodels = ["plain"]')
        gateway.adopt(gateway.compile(narrower))
        asked = len(host.asked)
        with pytest.raises(NotFoundError, match="The file names the model 'second'") as error:
            await batch(colleague, file)
        assert (error.value.code, error.value.param) == ("model_not_found", "input_file_id")
        assert len(host.asked) == asked
        await batch(client, file)


@on_loop
async def test_a_long_file_is_read_between_other_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PIECE_BYTES", 1_000)
    content = line("plain") * 20_000
    async with keeping(tmp_path) as (gateway, _), sdk(gateway) as client, sdk(gateway) as other:
        order: list[str] = []

        async def upload() -> None:
            await uploaded(client, content)
            order.append("file")

        task = asyncio.create_task(upload())
        await eventually(lambda: gateway.parts.account.in_flight == 1)
        await other.models.list()
        order.append("models")
        await task
        assert order == ["models", "file"]


@on_loop
async def test_who_leaves_while_a_file_is_read_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PIECE_BYTES", 1_000)
    content = line("plain") * 20_000
    form = (
        b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--b\r\n'
        b'Content-Disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n' + content + b"\r\n--b--\r\n"
    )
    head = (
        f"POST /v1/files HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {KEY}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(form)}\r\n\r\n"
    ).encode()
    async with keeping(tmp_path) as (gateway, (host,)):
        async with raw(gateway) as caller:
            await caller.send(head + form)
            await eventually(lambda: gateway.parts.account.in_flight == 1)
            caller.reset()
        event = await gateway.event()
        assert (event.outcome, event.attempts) == ("cancelled", 0)
        assert not host.asked


@on_loop
async def test_an_upload_is_a_request_like_any_other_and_a_hard_budget_pays_for_no_batch(tmp_path: Path) -> None:
    budget, limits = "{ limit_usd = 5.0 }", "{ rpm = 3 }"
    keys = (
        f'[[keys]]\nname = "batching"\nkey = "{BATCHING_KEY}"\nlimits = {limits}\n',
        f'[[keys]]\nname = "saving"\nkey = "{SAVING_KEY}"\nbudget = {budget}\n',
    )
    async with keeping(tmp_path, *keys) as (gateway, (host,)):
        async with sdk(gateway, BATCHING_KEY) as client:
            await batch(client, await uploaded(client, line("plain")))
            await uploaded(client, line("plain"))
            with pytest.raises(RateLimitError):
                await uploaded(client, line("plain"))
        assert len(host.asked) == 3
        async with sdk(gateway, SAVING_KEY) as client:
            file = await uploaded(client, line("plain"))  # costs nothing by itself
            with pytest.raises(APIStatusError, match="hard budget of key:saving") as refusal:
                await batch(client, file)
            assert refusal.value.status_code == 402

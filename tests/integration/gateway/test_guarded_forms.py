"""Batches' files and forms under guardrails: each request of a file, and each field, is looked at as any request is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from openai import APIStatusError

from stellwerk.dialects.openai_passage import forms
from stellwerk.gateway import inspecting
from tests.integration.gateway.clients import raw, sdk
from tests.integration.gateway.kit import KEY, model, provider, serving
from tests.integration.gateway.test_batches import line, received, uploaded
from tests.integration.gateway.test_guardrail_faults import SERVICE, says
from tests.integration.gateway.test_guardrails import MASKS
from tests.integration.gateway.test_kept import Host, keeping
from tests.integration.gateway.upstream import completes, script
from tests.integration.http.loop import on_loop

MAIL = "a.b@example.com"
SECRET = "sk-ant-" + "a1B2c3D4" * 4
BLOCKS = '[[guardrails]]\nuse = "secret_leak"\naction = "block"\n'
STANDS_IN = '[[guardrails]]\nuse = "pii"\naction = "pseudonymize"\ntypes = ["EMAIL_ADDRESS"]\n'


def inputs(host: Host) -> list[str]:
    """What the requests of the last file say that a host was sent."""
    return [json.loads(each)["body"]["input"] for each in host.asked[-1][2].splitlines() if each.startswith(b'{"cust')]


@on_loop
async def test_each_request_of_a_batch_is_masked_and_goes_to_its_model(tmp_path: Path) -> None:
    content = line("plain", 1, input=f"Mail {MAIL}") + line("plain", 2, input="Hello") + line("plain", 3, input=MAIL)
    async with keeping(tmp_path, MASKS) as (gateway, (host,)), sdk(gateway) as client:
        answer = await client.files.with_raw_response.create(file=("a.jsonl", content), purpose="batch")
        assert answer.headers["x-stellwerk-guardrail"] == "rewrite; pii=mask"
        assert inputs(host) == ["Mail [EMAIL_ADDRESS]", "Hello", "[EMAIL_ADDRESS]"]
        assert received(host) == ["gpt-5-mini"] * 3
        assert (await gateway.event()).guardrails == "rewrite; pii=mask; EMAIL_ADDRESS:2"
        await client.batches.create(
            input_file_id=json.loads(answer.content)["id"], endpoint="/v1/responses", completion_window="24h"
        )


@on_loop
async def test_one_request_of_a_batch_that_may_not_pass_stops_the_file(tmp_path: Path) -> None:
    content = line("plain") * 3 + line("plain", 4, input=f"My key is {SECRET}")
    async with keeping(tmp_path, BLOCKS) as (gateway, (host,)), sdk(gateway) as client:
        with pytest.raises(APIStatusError, match="secret_leak found SECRET") as error:
            await uploaded(client, content)
        assert error.value.status_code == 400
        assert not host.asked


@on_loop
async def test_a_value_has_one_stand_in_in_all_requests_of_a_batch(tmp_path: Path) -> None:
    content = line("plain", 1, input=MAIL) + line("plain", 2, input=f"c@d.example and {MAIL}")
    async with keeping(tmp_path, STANDS_IN) as (gateway, (host,)), sdk(gateway) as client:
        await uploaded(client, content)
        assert inputs(host) == ["<EMAIL_ADDRESS_1>", "<EMAIL_ADDRESS_2> and <EMAIL_ADDRESS_1>"]


@on_loop
async def test_values_come_back_in_the_results_of_a_batch_for_who_brings_them(tmp_path: Path) -> None:
    result = {"custom_id": "r1", "response": {"body": {"output_text": 'To "<EMAIL_ADDRESS_1>"'}}}
    async with keeping(tmp_path, STANDS_IN) as (gateway, (host,)), sdk(gateway) as client:
        upload = ("a.jsonl", line("plain", 1, input=MAIL))
        answer = await client.files.with_raw_response.create(
            file=upload, purpose="batch", extra_headers={"x-stellwerk-pseudonyms": "new"}
        )
        identity = json.loads(answer.content)["id"]
        host.content = json.dumps(result).encode() + b"\n" + json.dumps(result).encode() + b"\n"
        brought = {"x-stellwerk-pseudonyms": answer.headers["x-stellwerk-pseudonyms"]}
        for headers, text in ((brought, f'To "{MAIL}"'), ({}, 'To "<EMAIL_ADDRESS_1>"')):
            content = (await client.files.content(identity, extra_headers=headers)).content
            told = [json.loads(each)["response"]["body"]["output_text"] for each in content.splitlines()]
            assert told == [text, text]


@on_loop
async def test_tokens_in_a_batch_are_refused(tmp_path: Path) -> None:
    async with keeping(tmp_path, MASKS) as (gateway, (host,)), sdk(gateway) as client:
        with pytest.raises(APIStatusError, match="cannot read tokens"):
            await uploaded(client, line("plain") + line("plain", 2, input=[1, 2, 3]))
        assert not host.asked


@on_loop
async def test_a_long_batch_is_judged_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspecting, "PORTION_CHARACTERS", 500)
    content = b"".join(line("plain", number, input=f"{number} {MAIL}") for number in range(40))
    async with keeping(tmp_path, MASKS) as (gateway, (host,)), sdk(gateway) as client:
        await uploaded(client, content)
        assert inputs(host) == [f"{number} [EMAIL_ADDRESS]" for number in range(40)]


@pytest.mark.parametrize(("failure", "status"), [("closed", 503), ("open", 200)])
@on_loop
async def test_a_batch_that_is_too_long_has_not_passed(
    tmp_path: Path, failure: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "MOST_TEXTS", 2)
    content = line("plain", input=MAIL) * 3
    async with keeping(tmp_path, f'{MASKS}failure = "{failure}"\n') as (gateway, (host,)), sdk(gateway) as client:
        if status == 200:
            await uploaded(client, content)
            assert inputs(host) == [MAIL] * 3
        else:
            with pytest.raises(APIStatusError) as error:
                await uploaded(client, content)
            assert error.value.status_code == 503
        assert (await gateway.event()).guardrails == "unchecked; pii=failed:too long"


@pytest.mark.parametrize(("most", "header"), [(256, "openai_moderation=pass"), (1, "openai_moderation=failed:unread")])
@on_loop
async def test_services_are_asked_about_few_requests_and_have_not_passed_many(
    tmp_path: Path, most: int, header: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stellwerk.gateway.screening.MOST_ASKED", most)
    content = line("plain", 1, input=MAIL) + line("plain", 2, input="Hello")
    async with script(says(False, False)) as judge:
        sections = MASKS + SERVICE.format(judge.base_url, "block", "open")
        async with keeping(tmp_path, sections) as (gateway, (host,)), sdk(gateway) as client:
            answer = await client.files.with_raw_response.create(file=("a.jsonl", content), purpose="batch")
            assert header in answer.headers["x-stellwerk-guardrail"]
            assert inputs(host) == ["[EMAIL_ADDRESS]", "Hello"]
            assert len(judge.requests) == (most > 1)


@pytest.mark.parametrize(("failure", "status"), [("closed", 503), ("open", 200)])
@on_loop
async def test_the_prompt_of_a_picture_is_masked_and_the_picture_is_not_read(
    tmp_path: Path, failure: str, status: int
) -> None:
    parts = (
        b'name="prompt"\r\n\r\nA card\r\nfor a.b@example.com',
        b'name="model"\r\n\r\nplain',
        b'name="image"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG',
    )
    body = b"".join(b"--b\r\nContent-Disposition: form-data; %b\r\n" % part for part in parts) + b"--b--\r\n"
    async with script(completes(b'{"data":[]}')) as host:
        sections = f'{MASKS}failure = "{failure}"\n', provider("one", host.base_url), model("plain", "one/gpt-image-1")
        async with serving(tmp_path, *sections) as gateway, raw(gateway) as caller:
            head = f"POST /v1/images/edits HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
            length = f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(body)}\r\n\r\n"
            await caller.send((head + length).encode() + body)
            answer = await caller.answer()
            assert answer.status == status
            header = answer.field(b"x-stellwerk-guardrail")
            if status == 200:
                assert header == b"rewrite, degraded; pii=failed:unread+mask"
                sent = host.requests[-1]
                assert b"A card\r\nfor [EMAIL_ADDRESS]\r\n" in sent
                assert b'name="model"\r\n\r\ngpt-image-1\r\n' in sent
                assert b"\x89PNG" in sent
            else:
                assert header == b"unchecked; pii=failed:unread"
                assert not host.requests

"""Ways around guardrails that were tried: none of them leads to a provider, a caller or a record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stellwerk.core.taxonomy import Threat
from stellwerk.core.verdict import Finding
from stellwerk.guardrails import pii, secret_leak
from tests.integration.gateway.clients import ask, raw
from tests.integration.gateway.kit import KEY, model, provider, serving
from tests.integration.gateway.scenes import scripted
from tests.integration.gateway.test_guardrail_faults import LOCAL, SERVICE, guarded, says, told
from tests.integration.gateway.test_guardrails import LETTER, MASKS, OUTPUT, STANDS_IN, answered, said, sent
from tests.integration.gateway.test_kept import RESPONSE
from tests.integration.gateway.upstream import completes, script, streams
from tests.integration.http.loop import eventually, on_loop

RESPONSES = b"/v1/responses"


@on_loop
async def test_responses_that_are_kept_are_masked(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(json.dumps(RESPONSE).encode()), sections=MASKS) as (gateway, playing):
        async with raw(gateway) as caller:
            body = {"model": "plain", "input": "Mail a.b@example.com, please"}
            await caller.ask(json.dumps(body).encode(), path=RESPONSES)
            assert (await caller.told()).status == 200
        assert sent(playing)["input"] == "Mail [EMAIL_ADDRESS], please"


@pytest.mark.parametrize("side", ["input", "output"])
@on_loop
async def test_responses_that_are_kept_wait_for_services(tmp_path: Path, side: str) -> None:
    act = completes(json.dumps(RESPONSE).encode())
    async with guarded(tmp_path, says(True), act, side=side) as (gateway, _, _), raw(gateway) as caller:
        await caller.ask(json.dumps({"model": "plain", "input": "Hello"}).encode(), path=RESPONSES)
        assert (await caller.told()).status == 400


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("side", ["input", "output"])
@on_loop
async def test_a_cascade_waits_for_services(tmp_path: Path, side: str, is_stream: bool) -> None:
    weak = streams() if is_stream else completes()
    async with script(says(True)) as judge, script(weak, weak) as one, script(weak, weak) as two:
        sections = LOCAL + SERVICE.format(judge.base_url, "block", "closed") + f'on = ["{side}"]\n'
        parts = (
            provider("one", one.base_url),
            provider("two", two.base_url),
            model("plain", "one", "two", strategy='"cascade"'),
        )
        async with serving(tmp_path, sections, *parts) as gateway:
            assert (await told(gateway, is_stream=is_stream)).status == 400


@on_loop
async def test_who_leaves_while_an_answer_is_held_pays_for_it(tmp_path: Path) -> None:
    async with guarded(tmp_path, None, completes()) as (gateway, judge, upstream):
        async with raw(gateway) as caller:
            await caller.ask(json.dumps({"model": "plain", "messages": ask("Hello")}).encode())
            await eventually(lambda: bool(upstream.requests and judge.held))
            model = gateway.parts.pipeline.configuration.models["plain"]
            await eventually(lambda: all(route.standing.own_in_flight == 0 for route in model.routes.values()))
        event = await gateway.event()
        assert (event.outcome, event.output_tokens) == ("cancelled", 7)


@on_loop
async def test_while_a_local_check_is_away_the_others_are_stricter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    def nearly(*_: object) -> tuple[Finding, ...]:
        return (Finding(Threat.PROMPT_ATTACK, 0.6, (), is_hit=False, threshold=1.0),)

    monkeypatch.setattr(pii.PiiCheck, "check", fail)
    monkeypatch.setattr(secret_leak.SecretCheck, "check", nearly)
    sections = f'{MASKS}failure = "degrade"\n{LOCAL}'
    async with scripted(tmp_path, completes(), sections=sections) as (gateway, _):
        assert (await told(gateway)).status == 400


@on_loop
async def test_what_is_not_looked_into_has_not_passed(tmp_path: Path) -> None:
    form = (
        b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nplain\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF\r\n--b--\r\n'
    )
    async with (
        scripted(tmp_path, completes(b'{"text":"Hi"}'), sections=MASKS) as (gateway, _),
        raw(gateway) as caller,
    ):
        head = f"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
        length = f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(form)}\r\n\r\n"
        await caller.send((head + length).encode() + form)
        answer = await caller.answer()
        assert answer.status == 200
        assert answer.field(b"x-stellwerk-guardrail") == b"unchecked; pii=failed:unread"


@on_loop
async def test_services_hear_of_a_stream_what_callers_do(tmp_path: Path) -> None:
    async with script(says(False)) as judge, script(streams(*said(*LETTER))) as upstream:
        sections = OUTPUT.format("mask") + SERVICE.format(judge.base_url, "block", "closed") + 'on = ["output"]\n'
        async with serving(tmp_path, sections, provider("one", upstream.base_url), model("plain", "one")) as gateway:
            assert (await told(gateway, is_stream=True)).status == 200
            assert b"a.b@example.com" not in b"".join(judge.bodies)


@on_loop
async def test_stand_ins_survive_a_service_that_may_edit(tmp_path: Path) -> None:
    async with script(says(False)) as judge, script(completes(answered("To <EMAIL_ADDRESS_1>."))) as upstream:
        sections = STANDS_IN + SERVICE.format(judge.base_url, "mask", "closed")
        async with serving(tmp_path, sections, provider("one", upstream.base_url), model("plain", "one")) as gateway:
            got = await told(gateway, text="Mail a.b@example.com")
            assert sent(upstream)["messages"][0]["content"] == "Mail <EMAIL_ADDRESS_1>"
            assert got.json["choices"][0]["message"]["content"] == "To a.b@example.com."


COMPLETION = {
    "id": "c",
    "object": "text_completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "text": "a.b@example.com", "finish_reason": "stop", "logprobs": None}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 9, "total_tokens": 14},
}


@on_loop
async def test_a_completion_that_is_blocked_is_paid(tmp_path: Path) -> None:
    act = completes(json.dumps(COMPLETION).encode())
    async with scripted(tmp_path, act, sections=OUTPUT.format("block")) as (gateway, _), raw(gateway) as caller:
        await caller.ask(json.dumps({"model": "plain", "prompt": "Hi"}).encode(), path=b"/v1/completions")
        assert (await caller.told()).status == 400
        assert (await gateway.event()).extra_cost_nanos > 0


@pytest.mark.parametrize("prompt", [[1, 2, 3], [[], [1, 2], [3]]])
@on_loop
async def test_a_prompt_of_tokens_is_refused(tmp_path: Path, prompt: list[Any]) -> None:
    async with scripted(tmp_path, completes(), sections=MASKS) as (gateway, playing), raw(gateway) as caller:
        await caller.ask(json.dumps({"model": "plain", "prompt": prompt}).encode(), path=b"/v1/completions")
        answer = await caller.told()
        assert (answer.status, answer.error["param"]) == (400, "prompt")
        assert not playing.requests

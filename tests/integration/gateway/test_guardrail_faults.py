"""Services that guardrails ask: beside the provider, within their time, and never taken for a pass when they fail."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from stellwerk.gateway.inquiry import COOL_DOWN_S, FAILURES
from stellwerk.guardrails.openai_moderation import _CATEGORIES
from tests.integration.gateway.clients import Told, ask, raw
from tests.integration.gateway.kit import Gateway, model, provider, serving
from tests.integration.gateway.upstream import Act, Script, chunk, completes, ends_after, refuses, script, streams
from tests.integration.http.loop import eventually, on_loop
from tests.integration.http.provider import reply

LOCAL = '[[guardrails]]\nuse = "secret_leak"\naction = "block"\n'
SERVICE = '[[guardrails]]\nuse = "openai_moderation"\nbase_url = "{}"\naction = "{}"\nfailure = "{}"\n'


def verdict(*texts: bool) -> bytes:
    """The service's verdict on some texts: whether each is hateful."""
    results = [
        {
            "flagged": is_bad,
            "categories": {name: name == "hate" and is_bad for name in _CATEGORIES},
            "category_scores": {name: 0.9 if name == "hate" and is_bad else 0.01 for name in _CATEGORIES},
        }
        for is_bad in texts
    ]
    return reply(json.dumps({"id": "m", "results": results}).encode(), b"Content-Type: application/json")


def says(*texts: bool) -> Act:
    """Answers with a verdict."""
    return completes(verdict(*texts).partition(b"\r\n\r\n")[2])


@asynccontextmanager
async def guarded(
    folder: Path,
    service: Act | None,
    answer: Act | None,
    *,
    action: str = "block",
    failure: str = "closed",
    side: str = "input",
) -> AsyncIterator[tuple[Gateway, Script, Script]]:
    """A gateway between a provider and a service that judges requests."""
    async with script(service) as judge, script(answer) as upstream:
        sections = LOCAL + SERVICE.format(judge.base_url, action, failure) + f'on = ["{side}"]\n'
        parts = (provider("one", upstream.base_url), model("plain", "one"))
        async with serving(folder, sections, *parts) as gateway:
            yield gateway, judge, upstream


async def told(gateway: Gateway, *, is_stream: bool = False, text: str = "Hello") -> Told:
    """What the caller gets; of a stream its status and header fields."""
    async with raw(gateway) as caller:
        body = {"model": "plain", "stream": is_stream, "messages": ask(text)}
        await caller.ask(json.dumps(body).encode())
        answer = await caller.answer()
        body_told = None if answer.body.startswith(b"data:") else json.loads(answer.body)
        return Told(answer.status, dict(answer.fields), body_told, answer.body)


@pytest.mark.parametrize("is_stream", [False, True])
@on_loop
async def test_the_provider_is_asked_at_once_and_its_answer_held(tmp_path: Path, is_stream: bool) -> None:
    act = streams() if is_stream else completes()
    async with guarded(tmp_path, None, act) as (gateway, judge, upstream), raw(gateway) as caller:
        await caller.ask(json.dumps({"model": "plain", "stream": is_stream, "messages": ask("Hello")}).encode())
        await eventually(lambda: bool(upstream.requests and judge.held))
        await judge.held[0].send(verdict(False))
        answer = await caller.answer()
        assert answer.status == 200
        assert answer.field(b"x-stellwerk-guardrail") == b"pass; secret_leak=pass; openai_moderation=pass"
        if is_stream:
            assert answer.body.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("is_stream", [False, True])
@on_loop
async def test_an_answer_that_was_held_is_paid_and_not_given(tmp_path: Path, is_stream: bool) -> None:
    act = streams() if is_stream else completes()
    async with guarded(tmp_path, None, act) as (gateway, judge, upstream), raw(gateway) as caller:
        await caller.ask(json.dumps({"model": "plain", "stream": is_stream, "messages": ask("Hello")}).encode())
        await eventually(lambda: bool(upstream.requests and judge.held))
        await judge.held[0].send(verdict(True))
        answer = await caller.told()
        assert answer.status == 400
        assert answer.error["code"] == "content_blocked"
        assert "openai_moderation found S10" in answer.error["message"]
        event = await gateway.event()
        assert (event.outcome, event.error) == ("failed", "content_blocked")
        assert event.guardrails == "block; secret_leak=pass; openai_moderation=block; S10:1"


@on_loop
async def test_a_check_that_may_edit_is_waited_for(tmp_path: Path) -> None:
    async with (
        guarded(tmp_path, None, completes(), action="mask") as (gateway, judge, upstream),
        raw(gateway) as caller,
    ):
        await caller.ask(json.dumps({"model": "plain", "messages": ask("Hello")}).encode())
        await eventually(lambda: bool(judge.held))
        assert not upstream.requests
        await judge.held[0].send(verdict(False))
        assert (await caller.told()).status == 200


FAULTS: dict[str, tuple[Act | None, str]] = {
    "timeout": (None, "timeout"),
    "crash": (ends_after(reset=True), "upstream_unavailable"),
    "error": (refuses(500), "no verdict"),
    "nonsense": (completes(b'{"results":[{"flagged":"perhaps"}]}'), "no verdict"),
    "too few": (says(), "no verdict"),
    "no JSON": (completes(b"safe"), "no verdict"),
}


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("failure", ["closed", "open", "degrade"])
@pytest.mark.parametrize("fault", FAULTS)
@on_loop
async def test_a_service_that_fails_is_no_pass(tmp_path: Path, fault: str, failure: str, is_stream: bool) -> None:
    act, reason = FAULTS[fault]
    answer = streams() if is_stream else completes()
    async with guarded(tmp_path, act, answer, failure=failure) as (gateway, judge, _), raw(gateway) as caller:
        await caller.ask(json.dumps({"model": "plain", "stream": is_stream, "messages": ask("Hello")}).encode())
        if act is None:
            await eventually(lambda: bool(judge.held))
            gateway.advance(10)
        got = await caller.answer()
        assert got.status == (503 if failure == "closed" else 200)
        header = (got.field(b"x-stellwerk-guardrail") or b"").decode()
        assert "openai_moderation=pass" not in header
        assert f"openai_moderation=failed:{reason}" in header
        assert ", degraded" in header
        if failure == "closed":
            assert json.loads(got.body)["error"]["code"] == "guardrail_unavailable"
        assert f"openai_moderation=failed:{reason}" in (await gateway.event()).guardrails


@on_loop
async def test_a_slow_service_is_waited_for_within_its_time(tmp_path: Path) -> None:
    async with guarded(tmp_path, None, completes()) as (gateway, judge, _), raw(gateway) as caller:
        await caller.ask(json.dumps({"model": "plain", "messages": ask("Hello")}).encode())
        await eventually(lambda: bool(judge.held))
        gateway.advance(1.5)
        await judge.held[0].send(verdict(False))
        assert (await caller.told()).status == 200


@on_loop
async def test_a_service_that_goes_on_failing_is_left_alone_for_a_while(tmp_path: Path) -> None:
    async with guarded(tmp_path, refuses(500), completes(), failure="open") as (gateway, judge, _):
        for _ in range(FAILURES + 2):
            assert (await told(gateway)).status == 200
        assert len(judge.requests) == FAILURES
        judge.play(says(False))
        gateway.advance(COOL_DOWN_S)
        assert (await told(gateway)).fields[b"x-stellwerk-guardrail"].endswith(b"openai_moderation=pass")


@on_loop
async def test_a_caller_who_leaves_meanwhile_is_on_record(tmp_path: Path) -> None:
    async with guarded(tmp_path, None, completes(), action="mask") as (gateway, judge, _):
        async with raw(gateway) as caller:
            await caller.ask(json.dumps({"model": "plain", "messages": ask("Hello")}).encode())
            await eventually(lambda: bool(judge.held))
        assert (await gateway.event()).outcome == "cancelled"
        await eventually(lambda: bool(judge.departed))


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize(("is_bad", "status"), [(False, 200), (True, 400)])
@on_loop
async def test_an_answer_is_judged_before_the_caller_has_any_of_it(
    tmp_path: Path, is_stream: bool, is_bad: bool, status: int
) -> None:
    answer = streams() if is_stream else completes()
    async with guarded(tmp_path, None, answer, side="output") as (gateway, judge, _), raw(gateway) as caller:
        await caller.ask(json.dumps({"model": "plain", "stream": is_stream, "messages": ask("Hello")}).encode())
        await eventually(lambda: bool(judge.held))
        assert json.loads(judge.bodies[0])["input"] == ["Hello."]
        await judge.held[0].send(verdict(is_bad))
        got = await caller.answer()
        assert got.status == status
        event = await gateway.event()
        assert ("output openai_moderation=block" in event.guardrails) is is_bad
        assert event.output_tokens or is_bad


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize(("failure", "status"), [("closed", 503), ("open", 200)])
@on_loop
async def test_an_answer_that_could_not_be_judged_is_no_pass(
    tmp_path: Path, failure: str, status: int, is_stream: bool
) -> None:
    answer = streams() if is_stream else completes()
    async with guarded(tmp_path, refuses(500), answer, side="output", failure=failure) as (gateway, _, _):
        got = await told(gateway, is_stream=is_stream)
        assert got.status == status
        assert "output openai_moderation=failed:no verdict" in (await gateway.event()).guardrails


@on_loop
async def test_where_nothing_was_said_nobody_is_asked_and_nothing_has_passed(tmp_path: Path) -> None:
    message = {"role": "assistant", "content": None, "refusal": None}
    silent = {"index": 0, "message": message, "finish_reason": "stop"}
    answer = json.dumps({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [silent]})
    async with guarded(tmp_path, says(True), completes(answer.encode()), side="output") as (gateway, judge, _):
        assert (await told(gateway)).status == 200
        assert not judge.requests
        assert "openai_moderation" not in (await gateway.event()).guardrails


@on_loop
async def test_what_was_found_in_a_stream_that_its_caller_left_is_on_record(tmp_path: Path) -> None:
    secret = "sk-ant-" + "a1B2c3D4" * 4
    pieces = [
        f"data: {json.dumps({'choices': [{'index': 0, 'delta': {'content': text}}]})}\n\n"
        for text in (f"Take {secret}, ", "and then go on with something else. " * 40)
    ]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    sections = '[[guardrails]]\nuse = "secret_leak"\non = ["output"]\naction = "mask"\n'
    async with script(None) as upstream:
        parts = (provider("one", upstream.base_url), model("plain", "one"))
        async with serving(tmp_path, sections, *parts) as gateway:
            async with raw(gateway) as caller:
                await caller.ask(json.dumps({"model": "plain", "stream": True, "messages": ask("Hello")}).encode())
                await eventually(lambda: bool(upstream.held))
                await upstream.held[0].send(head + b"".join(chunk(piece.encode()) for piece in pieces))
                assert b"[SECRET]" in await caller.at_least(900)
            event = await gateway.event()
            assert event.outcome == "cancelled"
            assert event.guardrails == "rewrite; output secret_leak=mask; SECRET:1"

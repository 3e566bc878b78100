"""Long whole answers are judged before they are read: elsewhere, or in slices, with the same result."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from stellwerk.compute.jobs import screen, screen_answer
from stellwerk.compute.ticket import Ticket
from stellwerk.core.inspection import ANSWER_JOB, JOB
from stellwerk.gateway import inspecting
from stellwerk.ports.compute import ComputeUnavailable, JobFailure, Outcome
from tests.integration.gateway.clients import ask, raw, sdk
from tests.integration.gateway.kit import KEY, Gateway
from tests.integration.gateway.scenes import scripted
from tests.integration.gateway.test_batches import line, uploaded
from tests.integration.gateway.test_guardrails import answered, told
from tests.integration.gateway.test_kept import RESPONSE, keeping
from tests.integration.gateway.upstream import completes
from tests.integration.http.loop import eventually, on_loop

MASKS = '[[guardrails]]\nuse = "pii"\non = ["output"]\naction = "mask"\ntypes = ["EMAIL_ADDRESS"]\n'
BLOCKS = MASKS.replace('"mask"', '"block"')
LETTER = "This is said at some length, and nothing is meant by it. " * 60 + "Mail a.b@example.com. " + "The end. " * 60
MASKED = LETTER.replace("a.b@example.com", "[EMAIL_ADDRESS]")


class Elsewhere:
    """The compute process, in this one: jobs are done when they are let, by the same code."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes, Callable[[Outcome], None]]] = []
        self.withdrawn = 0
        self.is_away = False

    def ask(self, job: str, payload: bytes, timeout_s: float, done: Callable[[Outcome], None]) -> Elsewhere:
        """Takes a job."""
        if self.is_away:
            raise ComputeUnavailable("the compute process is away")
        assert timeout_s > 0
        self.asked.append((job, payload, done))
        return self

    def cancel(self) -> None:
        """Nobody waits for it any more."""
        self.withdrawn += 1

    def do(self) -> None:
        """Does the job that was asked for last."""
        job, payload, done = self.asked[-1]
        done({JOB: screen, ANSWER_JOB: screen_answer}[job].run(payload, Ticket(time.monotonic() + 60)))


def elsewhere(gateway: Gateway) -> Elsewhere:
    """Has the gateway ask there."""
    made = Elsewhere()
    gateway.parts.pipeline.scheduler.compute = made
    return made


@on_loop
async def test_a_long_answer_is_judged_elsewhere(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(answered(LETTER)), sections=MASKS) as (gateway, _):
        there = elsewhere(gateway)
        asking = asyncio.create_task(told(gateway, "Hi"))
        await eventually(lambda: bool(there.asked))
        there.do()
        answer = await asking
        assert answer.json["choices"][0]["message"]["content"] == MASKED
        assert answer.fields[b"x-stellwerk-guardrail"] == b"rewrite; output pii=mask"
        event = await gateway.event()
        assert (event.guardrails, event.output_tokens) == ("rewrite; output pii=mask; EMAIL_ADDRESS:1", 9)


@on_loop
async def test_a_short_answer_is_judged_at_once(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(answered("Mail a.b@example.com.")), sections=MASKS) as (gateway, _):
        there = elsewhere(gateway)
        assert (await told(gateway, "Hi")).json["choices"][0]["message"]["content"] == "Mail [EMAIL_ADDRESS]."
        assert not there.asked


@pytest.mark.parametrize("outcome", [JobFailure("late", "it was not done in time"), b"\xc1", None])
@on_loop
async def test_what_is_not_judged_there_is_judged_here(tmp_path: Path, outcome: Outcome | None) -> None:
    """The process is lost, says what cannot be read, or is away from the start."""
    async with scripted(tmp_path, completes(answered(LETTER)), sections=MASKS) as (gateway, _):
        there = elsewhere(gateway)
        there.is_away = outcome is None
        asking = asyncio.create_task(told(gateway, "Hi"))
        if outcome is not None:
            await eventually(lambda: bool(there.asked))
            there.asked[-1][2](outcome)
        assert (await asking).json["choices"][0]["message"]["content"] == MASKED


@on_loop
async def test_a_long_answer_that_is_blocked_is_paid(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(answered(LETTER)), sections=BLOCKS) as (gateway, _):
        there = elsewhere(gateway)
        asking = asyncio.create_task(told(gateway, "Hi"))
        await eventually(lambda: bool(there.asked))
        there.do()
        answer = await asking
        assert answer.json["choices"][0]["finish_reason"] == "content_filter"
        assert "example.com" not in answer.body.decode()
        assert (await gateway.event()).output_tokens == 9


@on_loop
async def test_who_leaves_while_an_answer_is_judged_pays_for_it(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(answered(LETTER)), sections=MASKS) as (gateway, _):
        there = elsewhere(gateway)
        async with raw(gateway) as caller:
            await caller.ask(json.dumps({"model": "plain", "messages": ask("Hi")}).encode())
            await eventually(lambda: bool(there.asked))
        event = await gateway.event()
        assert (event.outcome, event.output_tokens, there.withdrawn) == ("cancelled", 9, 1)


@on_loop
async def test_other_requests_go_on_meanwhile_also_without_the_process(tmp_path: Path) -> None:
    long = answered("Signals and switches are set by hand, and by wire. " * 2_000)
    async with scripted(tmp_path, completes(long), sections=MASKS) as (gateway, _):
        asking = asyncio.create_task(told(gateway, "Hi"))
        turns, longest = 0, 0.0
        while not asking.done():
            before = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)
            turns += 1
        assert (await asking).status == 200
        assert turns > 12
        assert longest < 0.1


@on_loop
async def test_a_response_that_is_kept_is_judged_elsewhere_too(tmp_path: Path) -> None:
    response: dict[str, Any] = deepcopy(RESPONSE)
    response["output"][0]["content"][0]["text"] = LETTER
    async with scripted(tmp_path, completes(json.dumps(response).encode()), sections=MASKS) as (gateway, _):
        there = elsewhere(gateway)
        async with raw(gateway) as caller:
            body = json.dumps({"model": "plain", "input": "Hi", "store": True}).encode()
            await caller.ask(body, path=b"/v1/responses")
            await eventually(lambda: bool(there.asked))
            there.do()
            answer = await caller.told()
        assert answer.status == 200
        assert "[EMAIL_ADDRESS]" in answer.body.decode()
        assert "a.b@example.com" not in answer.body.decode()


@on_loop
async def test_results_of_a_batch_are_judged_elsewhere_in_portions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspecting, "PORTION_CHARACTERS", 2_000)
    result = {"custom_id": "r", "response": {"body": {"output_text": "Mail a.b@example.com, please. " * 20}}}
    async with keeping(tmp_path, MASKS) as (gateway, (host,)), sdk(gateway) as client:
        identity = await uploaded(client, line("plain"))
        host.content = b"".join(json.dumps(result | {"custom_id": f"r{n}"}).encode() + b"\n" for n in range(9))
        there = elsewhere(gateway)
        asking = asyncio.create_task(client.files.content(identity))
        done = 0
        while not asking.done():
            if len(there.asked) > done:
                done += 1
                there.do()
            await asyncio.sleep(0)
        content = (await asking).content
        assert [json.loads(each)["custom_id"] for each in content.splitlines()] == [f"r{n}" for n in range(9)]
        assert (content.count(b"[EMAIL_ADDRESS]"), content.count(b"a.b@")) == (180, 0)
        assert done > 2
        assert {job for job, _, _ in there.asked} == {JOB}


@on_loop
async def test_a_long_transcript_that_is_blocked_does_not_pass(tmp_path: Path) -> None:
    transcript = json.dumps({"text": LETTER}).encode()
    async with scripted(tmp_path, completes(transcript), sections=BLOCKS) as (gateway, _), raw(gateway) as caller:
        there = elsewhere(gateway)
        form = b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nplain\r\n--b--\r\n'
        head = f"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
        length = f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(form)}\r\n\r\n"
        await caller.send((head + length).encode() + form)
        await eventually(lambda: bool(there.asked))
        there.do()
        answer = await caller.answer()
        assert answer.status == 400
        assert b"a.b@" not in answer.body

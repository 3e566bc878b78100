"""Prompts in fewer tokens in front of a provider: what it gets to see, and what callers and records are told."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stellwerk.compute.jobs import find
from stellwerk.compute.ticket import Ticket
from stellwerk.optimizing.notations import decoded
from stellwerk.ports.compute import ComputeUnavailable, JobFailure, Outcome
from tests.integration.gateway.clients import ask, raw
from tests.integration.gateway.kit import Gateway, model, provider, serving
from tests.integration.gateway.scenes import scripted
from tests.integration.gateway.upstream import Script, completes, streams
from tests.integration.gateway.upstream import script as playing
from tests.integration.http.loop import on_loop

BALANCED = '[optimize]\nlevel = "balanced"\n'
SAFE = '[optimize]\nlevel = "safe"\n'
ROWS = [{"id": number, "name": f"lamp {number}", "stock": number * 7, "colour": "green"} for number in range(24)]
RESULT = json.dumps(ROWS, indent=2)
LONG = json.dumps([{**row, "id": number} for number in range(8) for row in ROWS], indent=2)


class Compute:
    """The compute process's jobs, done in this process, a turn of the loop later."""

    def __init__(self, outcome: Outcome | None = None) -> None:
        self.asked: list[str] = []
        self._outcome = outcome

    def ask(self, job: str, payload: bytes, timeout_s: float, done: Callable[[Outcome], None]) -> asyncio.Handle:
        """See the port."""
        self.asked.append(job)
        del timeout_s  # other tests may keep this machine busy
        ticket = Ticket(time.monotonic() + 60.0)
        outcome = find(job)(payload, ticket) if self._outcome is None else self._outcome
        return asyncio.get_running_loop().call_soon(done, outcome)


class Away:
    """Nobody does anything."""

    def ask(self, job: str, payload: bytes, timeout_s: float, done: Callable[[Outcome], None]) -> asyncio.Handle:
        """See the port."""
        del job, payload, timeout_s, done
        raise ComputeUnavailable


def sent(script: Script) -> Any:
    """The body of the last request that the provider got."""
    return json.loads(script.requests[-1].partition(b"\r\n\r\n")[2])


async def told(gateway: Gateway, messages: list[dict[str, Any]], **more: Any) -> Any:
    """The answer to a conversation."""
    async with raw(gateway) as caller:
        await caller.ask(json.dumps({"model": "plain", "messages": messages, **more}).encode())
        return await caller.told()


def computed(gateway: Gateway, compute: Compute | Away | Slow) -> None:
    """Has a gateway ask it."""
    gateway.parts.pipeline.scheduler.compute = compute


@on_loop
async def test_a_provider_gets_the_same_values_in_fewer_tokens(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=BALANCED) as (gateway, script):
        answer = await told(gateway, ask(f"Stock:\n{RESULT}"), x_unknown={"kept": [1.50]})
        assert answer.status == 200
        text = sent(script)["messages"][0]["content"]
        assert len(text) * 3 < len(RESULT)
        assert json.loads(decoded(text).removeprefix("Stock:\n")) == ROWS
        assert b'"kept": [1.5]' in script.requests[-1]
        level, saved, steps = answer.fields[b"x-stellwerk-optimize"].decode().split("; ")
        assert (level, steps) == ("balanced", "steps=json_minify,json_table")
        event = await gateway.event()
        assert event.optimize_tokens == int(saved.removeprefix("saved="))
        assert event.optimize.startswith("balanced; json_minify=")


@on_loop
async def test_off_is_the_default_and_says_nothing(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes()) as (gateway, script):
        answer = await told(gateway, ask(f"Stock:\n{RESULT}"))
        assert sent(script)["messages"][0]["content"] == f"Stock:\n{RESULT}"
        assert b"x-stellwerk-optimize" not in answer.fields
        assert (await gateway.event()).optimize == ""


@on_loop
async def test_what_saves_nothing_goes_out_byte_for_byte(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=BALANCED) as (gateway, script):
        prose = "Please  tell me about lamps, and why they are green. " * 40
        answer = await told(gateway, ask(prose))
        assert sent(script)["messages"][0]["content"] == prose
        assert answer.fields[b"x-stellwerk-optimize"] == b"balanced; saved=0"


@on_loop
async def test_a_long_body_is_written_anew_by_the_compute_process(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=BALANCED) as (gateway, script):
        compute = Compute()
        computed(gateway, compute)
        answer = await told(gateway, ask(f"Stock:\n{LONG}"))
        assert compute.asked == ["optimize"]
        assert json.loads(decoded(sent(script)["messages"][0]["content"]).removeprefix("Stock:\n")) == json.loads(LONG)
        assert b"json_table" in answer.fields[b"x-stellwerk-optimize"]


@pytest.mark.parametrize(
    "compute",
    [
        None,
        Away(),
        Compute(JobFailure("late", "it was late")),
        Compute(b"\xc1"),
        Compute(b"\x94\x91\x93\x05\x01\xa0\x80\x00\xc2"),
    ],
)
@on_loop
async def test_a_long_body_goes_out_as_it_came_while_nobody_can_compute(
    tmp_path: Path, compute: Compute | Away | None
) -> None:
    async with scripted(tmp_path, completes(), sections=BALANCED) as (gateway, script):
        if compute is not None:
            computed(gateway, compute)
        answer = await told(gateway, ask(f"Stock:\n{LONG}"))
        assert answer.status == 200
        assert sent(script)["messages"][0]["content"] == f"Stock:\n{LONG}"
        assert answer.fields[b"x-stellwerk-optimize"] == b"balanced; skipped=unavailable"
        assert (await gateway.event()).optimize == "balanced; skipped=unavailable"


@on_loop
async def test_a_model_has_its_own_level(tmp_path: Path) -> None:
    own = 'optimize = { level = "safe" }\n'
    async with (
        playing(completes()) as script,
        serving(tmp_path, BALANCED, provider("one", script.base_url), model("plain", "one") + own) as gateway,
    ):
        await told(gateway, ask(f"Stock:\n{RESULT}"))
        text = sent(script)["messages"][0]["content"]
        assert text == "Stock:\n" + json.dumps(ROWS, separators=(",", ":"))


@on_loop
async def test_an_answer_is_asked_to_be_no_longer_than_allowed(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections="[optimize]\nmax_output_tokens = 50\n") as (gateway, script):
        answer = await told(gateway, ask("What is a lamp?"), max_tokens=400)
        assert sent(script)["max_tokens"] == 50
        assert b"x-stellwerk-optimize" not in answer.fields


@on_loop
async def test_a_stream_says_it_as_well(tmp_path: Path) -> None:
    async with scripted(tmp_path, streams(), sections=SAFE) as (gateway, _):
        async with raw(gateway) as caller:
            body = {"model": "plain", "messages": ask(f"Stock:\n{RESULT}"), "stream": True}
            await caller.ask(json.dumps(body).encode())
            answer = await caller.answer()
        assert (answer.field(b"x-stellwerk-optimize") or b"").startswith(b"safe; saved=")


@on_loop
async def test_guardrails_have_looked_before(tmp_path: Path) -> None:
    sections = SAFE + '[[guardrails]]\nuse = "pii"\naction = "mask"\n'
    async with scripted(tmp_path, completes(), sections=sections) as (gateway, script):
        await told(gateway, ask(json.dumps([*ROWS, {"mail": "a.b@example.com"}], indent=2)))
        text = sent(script)["messages"][0]["content"]
        assert '"mail":"[EMAIL_ADDRESS]"' in text
        assert "example.com" not in text


@on_loop
async def test_metrics_tell_tokens_by_step(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=BALANCED) as (gateway, _):
        await told(gateway, ask(f"Stock:\n{RESULT}"))
        await gateway.event()
        rendered = gateway.parts.metrics.dump()
        assert b"json_table" in rendered


@on_loop
async def test_a_tools_result_is_written_anew_and_its_call_stays(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=BALANCED) as (gateway, script):
        turns = [
            *ask("How many lamps are there?"),
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "c1",
                        "type": "function",
                        "function": {"name": "stock", "arguments": json.dumps({"rows": ROWS}, indent=1)},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": RESULT},
        ]
        await told(gateway, turns)
        body = sent(script)
        assert body["messages"][1] == turns[1]
        assert json.loads(decoded(body["messages"][2]["content"])) == ROWS


class Slow:
    """Somebody who takes time."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.is_cancelled = False

    def ask(self, job: str, payload: bytes, timeout_s: float, done: Callable[[Outcome], None]) -> Slow:
        """See the port."""
        del job, payload, timeout_s, done
        self.asked.set()
        return self

    def cancel(self) -> None:
        """Nobody waits any more."""
        self.is_cancelled = True


@on_loop
async def test_a_caller_may_leave_while_its_request_is_written_anew(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=BALANCED) as (gateway, script):
        slow = Slow()
        computed(gateway, slow)
        async with raw(gateway) as caller:
            await caller.ask(json.dumps({"model": "plain", "messages": ask(LONG)}).encode())
            await slow.asked.wait()
        event = await gateway.event()
        assert (event.outcome, event.optimize) == ("cancelled", "")
        assert slow.is_cancelled
        assert not script.requests


@on_loop
async def test_a_limit_that_stands_twice_is_refused(tmp_path: Path) -> None:
    sections = '[optimize]\nlevel = "safe"\nmax_output_tokens = 50\n'
    for compute in (None, Compute()):
        async with scripted(tmp_path, completes(), sections=sections) as (gateway, _):
            if compute is not None:
                computed(gateway, compute)
            text = LONG if compute is not None else RESULT
            body = json.dumps({"model": "plain", "messages": ask(text), "x_top": {"max_tokens": 1}})
            async with raw(gateway) as caller:
                await caller.ask(
                    body.replace('"x_top": {"max_tokens": 1}', '"max_tokens": 70, "max_tokens": 80').encode()
                )
                answer = await caller.told()
            assert answer.status == 400

"""Defects of plugins: the caller is told that the gateway failed, the log says where, and nothing is left over."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from stellwerk.core.chat import ChatRequest
from stellwerk.core.envelope import Envelope
from stellwerk.core.media import Link
from stellwerk.core.route import Ask, Plan, Standing, Target
from stellwerk.core.wire import Failure, WireRequest
from stellwerk.errors import InvalidRequest
from stellwerk.ports.provider import Provider
from tests.integration.gateway.clients import Told, asking, chat, once, raw
from tests.integration.gateway.kit import Gateway
from tests.integration.gateway.scenes import scripted, scripts
from tests.integration.gateway.upstream import completes, refuses
from tests.integration.http.caller import get
from tests.integration.http.loop import on_loop


class Defective:
    """A provider of somebody else's, of which one method fails."""

    dialect = "openai_chat"
    losses = ()

    def __init__(self, provider: Provider, broken: str, sound: int) -> None:
        self.origin = provider.origin
        self._provider = provider
        self._broken = broken
        self._sound = sound

    def prepare(self, envelope: Envelope, target: Target, credential: str, trace: bytes) -> WireRequest:
        """As it should be, or not."""
        self._fail("prepare")
        if self._broken == "express":
            raise InvalidRequest("This provider knows no tools.", param="tools")
        return self._provider.prepare(envelope, target, credential, trace)

    def speaks(self, dialect: str) -> bool:
        """As it should be."""
        return self._provider.speaks(dialect)

    def takes_url(self, link: Link) -> bool:
        """Never called: callers speak its dialect."""
        raise AssertionError(link)

    def prepare_chat(self, request: ChatRequest, target: Target, credential: str, trace: bytes) -> WireRequest:
        """Never called: callers speak its dialect."""
        raise AssertionError(request, target, credential, trace)

    def classify(self, status: int, headers: Any, body: bytes, now: float) -> Failure:
        """As it should be, or not."""
        self._fail("classify")
        return self._provider.classify(status, headers, body, now)

    def _fail(self, method: str) -> None:
        self._sound -= method == self._broken
        if self._sound < 0:
            raise ZeroDivisionError("a secret detail: upstream-secret")


class Senseless:
    """A strategy of somebody else's that makes plans which nobody can follow, or none."""

    def __init__(self, plan: Plan | None) -> None:
        self._plan = plan

    minds_conversations = False

    def fixed(self, targets: tuple[Target, ...]) -> None:
        """There is none."""
        del targets

    def plan(self, targets: tuple[Target, ...], ask: Ask, standings: Mapping[str, Standing]) -> Plan:
        """The plan, if there is one."""
        del standings
        if self._plan is None:
            raise LookupError(targets, ask)
        return self._plan


def replace(gateway: Gateway, change: Callable[[Any], Any]) -> None:
    """Puts another version of the model into the configuration, as a plugin would have made it."""
    pipeline = gateway.parts.pipeline
    (model,) = pipeline.configuration.models.values()
    pipeline.configuration = _with(pipeline.configuration, models={model.name: change(model)})


def break_provider(gateway: Gateway, name: str, method: str, *, sound: int = 0) -> None:
    """Makes a method of the provider of that name fail, after ``sound`` calls that it still takes."""

    def change(model: Any) -> Any:
        routes = {
            identity: _with(route, provider=Defective(route.provider, method, sound))
            if route.target.provider == name
            else route
            for identity, route in model.routes.items()
        }
        return _with(model, routes=routes)

    replace(gateway, change)


def _with(value: Any, **changes: Any) -> Any:
    return dataclasses.replace(value, **changes)


async def is_told_as_failure(gateway: Gateway, told: Told, error: str) -> None:
    """The caller knows that it failed and not why, the log knows why, and there is one event."""
    assert told.status == 500
    assert told.error["type"] == "server_error"
    assert told.error["code"] == "internal_error"
    assert error not in told.body.decode()
    event = await gateway.event()
    assert (event.outcome, event.status, event.error) == ("failed", 500, "internal_error")
    (line,) = [line for line in gateway.logged if line["event"] == "request_failed"]
    assert (line["level"], line["error"], line["request_id"]) == ("error", error, event.request_id)
    assert all(".py:" in place for place in line["at"])
    assert gateway.parts.account.in_flight == 0


@pytest.mark.parametrize(
    ("plan", "error"),
    [
        (None, "LookupError"),
        (Plan((), "nowhere to go"), "ValueError"),
        (Plan((Target("no/such", "no", "such"),), "out of the blue"), "KeyError"),
    ],
    ids=["none", "empty", "unknown"],
)
@on_loop
async def test_a_strategy_without_a_plan_that_can_be_followed(tmp_path: Path, plan: Plan | None, error: str) -> None:
    async with scripted(tmp_path) as (gateway, _):
        replace(gateway, lambda model: _with(model, strategy=Senseless(plan), fixed=None))
        await is_told_as_failure(gateway, await once(gateway, chat(asking())), error)


@on_loop
async def test_a_provider_that_cannot_express_a_request_refuses_it(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, upstream):
        break_provider(gateway, "one", "express")
        told = await once(gateway, chat(asking()))
        assert (told.status, told.error["param"]) == (400, "tools")
        assert not upstream.requests
        assert (await gateway.event()).error == "invalid_request"
        assert not gateway.logged


@on_loop
async def test_a_defect_on_another_path_is_told_and_logged_too(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, _):
        app = gateway.parts.app
        app._operation = _with(app._operation, metrics=lambda: b"%d" % (1 // 0))
        told = await once(gateway, get(b"/metrics"), to=b"GET")
        assert (told.status, told.error["code"]) == (500, "internal_error")
        (line,) = gateway.logged
        assert line["error"] == "ZeroDivisionError"
        assert line["request_id"] == told.fields[b"x-request-id"].decode()
        assert not gateway.events


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@on_loop
async def test_a_provider_that_fails_to_prepare_the_first_attempt(tmp_path: Path, is_stream: bool) -> None:
    async with scripted(tmp_path) as (gateway, upstream):
        break_provider(gateway, "one", "prepare")
        told = await once(gateway, chat(asking(stream=is_stream)))
        await is_told_as_failure(gateway, told, "ZeroDivisionError")
        assert not upstream.requests


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@on_loop
async def test_a_provider_that_fails_to_prepare_a_later_attempt(tmp_path: Path, is_stream: bool) -> None:
    async with scripts(tmp_path, (refuses(503),), (completes(),)) as (gateway, _):
        break_provider(gateway, "two", "prepare")
        told = await once(gateway, chat(asking(stream=is_stream)))
        await is_told_as_failure(gateway, told, "ZeroDivisionError")


@on_loop
async def test_a_provider_that_fails_to_prepare_a_repetition(tmp_path: Path) -> None:
    async with scripted(tmp_path, refuses(503)) as (gateway, upstream):
        break_provider(gateway, "one", "prepare", sound=1)
        told = await once(gateway, chat(asking()))
        await is_told_as_failure(gateway, told, "ZeroDivisionError")
        assert len(upstream.requests) == 1


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@on_loop
async def test_a_provider_that_fails_to_read_a_refusal(tmp_path: Path, is_stream: bool) -> None:
    async with scripted(tmp_path, refuses(418)) as (gateway, _):
        break_provider(gateway, "one", "classify")
        told = await once(gateway, chat(asking(stream=is_stream)))
        await is_told_as_failure(gateway, told, "ZeroDivisionError")


@on_loop
async def test_the_gateway_serves_on_after_a_defect(tmp_path: Path) -> None:
    async with scripted(tmp_path, refuses(418), completes()) as (gateway, _), raw(gateway) as caller:
        sound = gateway.parts.pipeline.configuration
        break_provider(gateway, "one", "classify")
        await caller.ask(asking())
        assert (await caller.told()).status == 500
        gateway.parts.pipeline.configuration = sound
        await caller.ask(asking())
        assert (await caller.told()).status == 200

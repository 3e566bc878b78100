"""Targets that are not well are passed over: after failures, while limited, and when they are slow to begin."""

from __future__ import annotations

from pathlib import Path

import pytest

from stellwerk.errors import ConfigurationError
from tests.integration.gateway.clients import Told, asking, chat, once, raw, whole
from tests.integration.gateway.kit import KEY, Gateway, model, provider, serving
from tests.integration.gateway.scenes import scripted, scripts
from tests.integration.gateway.upstream import COMPLETION, Act, completes, refuses, script, streams
from tests.integration.http.loop import eventually, on_loop
from tests.integration.http.provider import reply

ONCE = {"retry": "{ same_target = 0 }"}
OTHER = COMPLETION.replace(b"Hello.", b"Another.")
COOL_DOWN_S = 6.0
"""The longest of the first cool-down: five seconds and a fifth."""


def limited(*fields: bytes) -> Act:
    """Answers, and tells of its limits."""

    async def act(upstream: object) -> None:
        await upstream.send(reply(COMPLETION, b"Content-Type: application/json", *fields))  # type: ignore[attr-defined]

    return act


async def asked(gateway: Gateway) -> Told:
    """One request, and what was told."""
    return await once(gateway, chat(asking()))


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@on_loop
async def test_four_failures_in_a_row_and_a_target_is_left_alone(tmp_path: Path, is_stream: bool) -> None:
    sound = streams() if is_stream else completes()
    async with scripts(tmp_path, (refuses(500),), (sound,)) as (gateway, (one, two)):
        for number in range(1, 11):
            told = await whole(gateway, chat(asking(stream=is_stream)))
            assert told.status == 200
            assert told.field(b"x-stellwerk-provider") == b"two"
            assert told.field(b"x-stellwerk-attempts") == (b"2" if number <= 4 else b"1")
        assert (len(one.requests), len(two.requests)) == (4, 10)
        assert (await gateway.event(4)).route.endswith("; one/gpt-5-mini: upstream_unavailable")
        assert "; one/gpt-5-mini: circuit open for" in (await gateway.event(5)).route


@on_loop
async def test_after_the_cool_down_one_call_probes_and_its_success_closes_the_circuit(tmp_path: Path) -> None:
    acts = (*[refuses(500)] * 4, None, completes())
    async with scripts(tmp_path, acts, (completes(OTHER),)) as (gateway, (one, two)), raw(gateway) as prober:
        for _ in range(4):
            await asked(gateway)
        gateway.advance(COOL_DOWN_S)
        await prober.ask(asking())
        await eventually(lambda: one.held)
        assert (await asked(gateway)).body == OTHER  # the probe is under way, and no second one
        await one.held[0].send(reply(COMPLETION, b"Content-Type: application/json", b"Connection: close"))
        assert (await prober.told()).body == COMPLETION
        assert (await asked(gateway)).body == COMPLETION
        assert (len(one.requests), len(two.requests)) == (6, 5)


@on_loop
async def test_a_probe_whose_caller_leaves_does_not_lock_the_target_out(tmp_path: Path) -> None:
    acts = (*[refuses(500)] * 4, None, completes())
    async with scripts(tmp_path, acts, (completes(OTHER),)) as (gateway, (one, _)):
        for _ in range(4):
            await asked(gateway)
        gateway.advance(COOL_DOWN_S)
        async with raw(gateway) as leaver:
            await leaver.ask(asking())
            await eventually(lambda: one.held)
        await eventually(lambda: one.departed)
        assert (await asked(gateway)).body == COMPLETION


@on_loop
async def test_a_probe_that_fails_makes_the_next_cool_down_longer(tmp_path: Path) -> None:
    async with scripts(tmp_path, (refuses(500),), (completes(OTHER),)) as (gateway, (one, _)):
        for _ in range(4):
            await asked(gateway)
        for seconds, requests in ((COOL_DOWN_S, 5), (COOL_DOWN_S, 5), (COOL_DOWN_S, 6)):
            gateway.advance(seconds)
            assert (await asked(gateway)).body == OTHER
            assert len(one.requests) == requests


@on_loop
async def test_where_every_circuit_is_open_the_caller_is_told_when_to_come_back(tmp_path: Path) -> None:
    async with scripted(tmp_path, *[refuses(500)] * 4, completes(), **ONCE) as (gateway, upstream):
        for _ in range(4):
            assert (await asked(gateway)).status == 502
        told = await asked(gateway)
        assert (told.status, told.error["code"]) == (503, "overloaded")
        assert "one: circuit open for" in told.error["message"]
        assert 1 <= int(told.fields[b"retry-after"]) <= COOL_DOWN_S
        event = await gateway.event(5)
        assert (event.outcome, event.status, event.attempts, event.provider) == ("failed", 503, 0, "")
        assert len(upstream.requests) == 4
        gateway.advance(COOL_DOWN_S)
        assert (await asked(gateway)).status == 200


@on_loop
async def test_a_flaky_target_is_asked_all_the_same_where_no_better_one_is_left(tmp_path: Path) -> None:
    acts = (completes(), refuses(500), completes(), *[refuses(500)] * 4, completes())
    async with scripted(tmp_path, *acts, **ONCE) as (gateway, _):
        statuses = [(await asked(gateway)).status for _ in range(8)]
        assert statuses == [200, 502, 200, 502, 502, 502, 502, 200]
        assert "asked all the same" in (await gateway.event(8)).route


@pytest.mark.parametrize("status", [400, 404, 413, 422])
@on_loop
async def test_faults_of_requests_open_no_circuit(tmp_path: Path, status: int) -> None:
    async with scripted(tmp_path, *[refuses(status)] * 9, completes()) as (gateway, _):
        for _ in range(9):
            assert (await asked(gateway)).status == status
        assert (await asked(gateway)).status == 200


@on_loop
async def test_a_caller_in_a_hurry_opens_no_circuit(tmp_path: Path) -> None:
    async with scripted(tmp_path, *[None] * 5, completes()) as (gateway, upstream), raw(gateway) as caller:
        for number in range(1, 6):
            await caller.ask(asking(), b"x-stellwerk-timeout: 2")
            await eventually(lambda number=number: len(upstream.held) == number)  # type: ignore[misc]
            gateway.advance(3)
            assert (await caller.told()).status == 504
        assert (await asked(gateway)).status == 200


@on_loop
async def test_a_target_that_wants_to_be_left_alone_is_passed_over_and_opens_no_circuit(tmp_path: Path) -> None:
    first = (refuses(429, b"{}", b"Retry-After: 9"), completes())
    async with scripts(tmp_path, first, (completes(OTHER),)) as (gateway, (one, _)):
        for _ in range(3):
            assert (await asked(gateway)).body == OTHER
        assert len(one.requests) == 1
        assert "; one/gpt-5-mini: rate limited for" in (await gateway.event(2)).route
        gateway.advance(9)
        assert (await asked(gateway)).body == COMPLETION


@on_loop
async def test_where_every_target_wants_to_be_left_alone_so_does_the_gateway(tmp_path: Path) -> None:
    async with scripted(tmp_path, refuses(429, b"{}", b"Retry-After: 9"), completes()) as (gateway, upstream):
        for _ in range(2):
            told = await asked(gateway)
            assert told.status == 429
            assert 8 <= int(told.fields[b"retry-after"]) <= 9
        assert len(upstream.requests) == 1


@pytest.mark.parametrize(
    "fields",
    [
        (b"x-ratelimit-remaining-requests: 0", b"x-ratelimit-reset-requests: 8s"),
        (
            b"x-ratelimit-remaining-requests: 5",
            b"x-ratelimit-limit-tokens: 30000",
            b"x-ratelimit-remaining-tokens: 12",
            b"x-ratelimit-reset-tokens: 8s",
        ),
    ],
    ids=["requests", "tokens"],
)
@on_loop
async def test_a_provider_with_nothing_left_is_not_asked_for_a_429(tmp_path: Path, fields: tuple[bytes, ...]) -> None:
    async with scripts(tmp_path, (limited(*fields),), (completes(OTHER),)) as (gateway, (one, _)):
        assert (await asked(gateway)).body == COMPLETION
        assert (await asked(gateway)).body == OTHER
        gateway.advance(8)
        assert (await asked(gateway)).body == COMPLETION
        assert len(one.requests) == 2


@on_loop
async def test_what_a_server_cannot_do_is_not_asked_of_it_again(tmp_path: Path) -> None:
    async with scripted(tmp_path, refuses(501)) as (gateway, upstream):
        assert (await asked(gateway)).status == 502
        assert len(upstream.requests) == 1


@on_loop
async def test_circuits_survive_a_new_configuration(tmp_path: Path) -> None:
    async with script(refuses(500)) as one, script(completes()) as two:
        parts = provider("one", one.base_url), provider("two", two.base_url), model("plain", "one", "two")
        async with serving(tmp_path, *parts) as gateway:
            for _ in range(4):
                await asked(gateway)
            gateway.adopt(gateway.compile(gateway.source.replace('name = "plain"', 'name = "plain"\ntimeout_s = 77')))
            assert (await asked(gateway)).status == 200
            assert len(one.requests) == 4


@on_loop
async def test_circuits_survive_a_configuration_that_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scripts(tmp_path, (refuses(500),), (completes(OTHER),)) as (gateway, (one, _)):
        for _ in range(4):
            await asked(gateway)
        monkeypatch.setenv("LATE_KEY", "late-key-0123456789")
        text = gateway.source.replace('{ provider = "one", model = "gpt-5-mini" }, ', "")
        refused = gateway.compile(text.replace(f'"{KEY}"', '"env:LATE_KEY"'))
        monkeypatch.delenv("LATE_KEY")
        with pytest.raises(ConfigurationError):
            gateway.adopt(refused)
        gateway.adopt(gateway.compile(gateway.source))
        assert (await asked(gateway)).body == OTHER
        assert len(one.requests) == 4


@on_loop
async def test_a_target_that_is_reached_with_another_key_begins_anew(tmp_path: Path) -> None:
    async with scripted(tmp_path, *[refuses(401)] * 4, completes(), **ONCE) as (gateway, _):
        for _ in range(4):
            assert (await asked(gateway)).status == 502
        assert (await asked(gateway)).status == 503
        source = gateway.source
        gateway.adopt(gateway.compile(source))
        assert (await asked(gateway)).status == 503
        assert 'api_key = "' in source
        gateway.adopt(gateway.compile(source.replace('api_key = "', 'api_key = "another-')))
        assert (await asked(gateway)).status == 200

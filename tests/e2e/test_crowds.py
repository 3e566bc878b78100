"""A thousand callers at once against a budget that is nearly used up, a hundred times over, wherever it is counted."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import Counter
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from valkey import Valkey

from stellwerk.simulator.process import Simulator
from tests.e2e.kit import Gateway, model, provider, server, until, up
from tests.e2e.test_spending import NANOS
from tests.valkey import Server

ROUNDS, CALLERS = 100, 1_000
LIMIT_USD = 0.01
"""Pays for some dozens of answers."""


def key(number: int) -> str:
    """What the callers of a round send."""
    return f"crowd-{number:03}-5f1c9a7e3b2d"


KEYS = "".join(
    f'\n[[keys]]\nname = "crowd{number}"\nkey = "{key(number)}"\nbudget = {{ limit_usd = {LIMIT_USD} }}\n'
    for number in range(ROUNDS)
)


async def call(address: str, token: str, *, is_stream: bool) -> int:
    """The status of one request on a connection of its own."""
    asked: dict[str, Any] = {"model": "smart", "max_tokens": 60, "stream": is_stream}
    body = json.dumps({**asked, "messages": [{"role": "user", "content": "Hello"}]}).encode()
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n"
    writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    answer = await reader.read()
    while more := await reader.read():
        answer += more
    writer.close()
    return int(answer.split(b" ", 2)[1])


async def crowd(addresses: list[str], number: int) -> Counter[int]:
    """Everybody at once; every other round wants streams."""
    calls = [
        call(addresses[caller % len(addresses)], key(number), is_stream=number % 2 == 1) for caller in range(CALLERS)
    ]
    return Counter(await asyncio.gather(*calls))


def run(gateways: list[Gateway], slow: Simulator) -> None:
    """All rounds. Each crowd gets some answers, and every other caller is told that there is no more money."""
    for number in range(ROUNDS):
        statuses = asyncio.run(crowd([each.address for each in gateways], number))
        assert set(statuses) == {200, 402}
    answered = slow.report()["requests"]
    assert answered >= ROUNDS
    for each in gateways:
        each.stop()
    spent: Counter[str] = Counter()
    for each in gateways:
        for event in each.recorded():
            spent[event["key_name"]] += event["cost_nanos"] or 0
    assert len(spent) == ROUNDS
    assert max(spent.values()) <= LIMIT_USD * NANOS


@pytest.mark.soak
@pytest.mark.parametrize("workers", [1, 2])
def test_crowds_at_one_host(slow: Simulator, tmp_path: Path, workers: int) -> None:
    sections = server(workers=workers), provider("north", slow.base_url), model("smart", "north"), KEYS
    with up(tmp_path, *sections) as gateway:
        run([gateway], slow)
        with closing(sqlite3.connect(gateway.state / "counters.db")) as database:
            assert database.execute("SELECT max(spent) FROM account").fetchone()[0] <= LIMIT_USD * NANOS
            assert database.execute("SELECT count(*) FROM lease").fetchone()[0] == 0


@pytest.mark.soak
def test_crowds_at_two_hosts(slow: Simulator, shared: Server, tmp_path: Path) -> None:
    state = f'\n[state]\nshared = "{shared.url}"\n'
    sections = server(), state, provider("north", slow.base_url), model("smart", "north"), KEYS
    with ExitStack() as stack:
        gateways = [stack.enter_context(up(tmp_path / name, *sections)) for name in ("a", "b")]
        run(gateways, slow)
        client: Any = stack.enter_context(closing(Valkey(port=shared.port, decode_responses=True)))
        until(lambda: not client.keys("*:lease:*"), "something is held for ever")
        spent = [int(client.hget(name, "spent")) for name in client.keys("*:account:*")]
        assert len(spent) == ROUNDS
        assert max(spent) <= LIMIT_USD * NANOS

"""Budgets and limits that two hosts keep together in Valkey, when one of them or the server is killed as well."""

from __future__ import annotations

import os
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from valkey import Valkey

from stellwerk.simulator.process import Simulator
from tests.e2e.kit import Gateway, model, provider, server, until, up
from tests.e2e.test_spending import NANOS, ask_all, key, spent_nanos
from tests.valkey import Server

LIMIT_USD = 0.02


class Hosts:
    """Two gateways of two workers each, and what their ledger says."""

    def __init__(self, folder: Path, shared: Server, slow: Simulator, stack: ExitStack, **allowed: str) -> None:
        state = f'\n[state]\nshared = "{shared.url}"\n'
        sections = server(), state, provider("north", slow.base_url), model("smart", "north"), key(**allowed)
        self.folders = folder / "a", folder / "b"
        self.gateways = [stack.enter_context(up(each, *sections, expected=("worker_died",))) for each in self.folders]
        self._client: Any = stack.enter_context(closing(Valkey(port=shared.port, decode_responses=True)))

    def ask(self, requests: int, on_half: Gateway | None = None) -> Counter[int]:
        """Statuses of so many requests at each of them; all processes of ``on_half`` are killed in the middle."""
        with ThreadPoolExecutor(len(self.gateways) + 1) as executor:
            crowds = [executor.submit(ask_all, each, requests) for each in self.gateways]
            if on_half is not None:
                pids = on_half.workers
                until(lambda: any(int(owner.split("/")[1]) in pids for owner in self.leases()), "it holds nothing")
                for pid in (on_half.process.pid, *pids):
                    os.kill(pid, signal.SIGKILL)
            return sum((crowd.result() for crowd in crowds), Counter[int]())

    def leases(self) -> dict[str, int]:
        """What of money is held by whom."""
        (key,) = self._client.keys("*:lease:*budget*") or [""]
        return {owner: int(amount) for owner, amount in self._client.hgetall(key).items()} if key else {}

    def spent(self) -> tuple[int, int]:
        """What the ledger has as spent, and how much of it by those who died."""
        (key,) = self._client.keys("*:account:*budget*")
        spent, estimated = self._client.hmget(key, "spent", "estimated")
        return int(spent), int(estimated)


def test_a_crowd_at_two_hosts_overspends_nothing(slow: Simulator, shared: Server, tmp_path: Path) -> None:
    with ExitStack() as stack:
        hosts = Hosts(tmp_path, shared, slow, stack, budget=f"{{ limit_usd = {LIMIT_USD} }}")
        statuses = hosts.ask(200)
        assert set(statuses) == {200, 402}
        assert slow.report()["requests"] == statuses[200]
        until(lambda: not hosts.leases(), "something is held for ever")
        for gateway in hosts.gateways:
            gateway.stop()
        spent, estimated = hosts.spent()
        assert estimated == 0
        assert spent == sum(map(spent_nanos, hosts.folders))
        assert LIMIT_USD * NANOS / 2 < spent <= LIMIT_USD * NANOS


def test_a_host_that_is_killed_costs_what_it_held_and_no_more_is_ever_spent(
    slow: Simulator, shared: Server, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        hosts = Hosts(tmp_path, shared, slow, stack, budget=f"{{ limit_usd = {LIMIT_USD} }}")
        killed, left = hosts.gateways
        hosts.ask(100, on_half=killed)
        until(lambda: hosts.spent()[1] > 0, "what the killed host held is not settled")
        assert ask_all(left, 200)[402] > 0
        until(lambda: not hosts.leases(), "something is held for ever")
        left.stop()
        spent, estimated = hosts.spent()
        assert spent <= LIMIT_USD * NANOS
        assert sum(map(spent_nanos, hosts.folders)) <= spent
        assert 0 < estimated < LIMIT_USD * NANOS


def test_a_server_that_is_killed_lets_nobody_overspend_and_limits_stay_open(
    slow: Simulator, shared: Server, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        allowed = {"budget": f"{{ limit_usd = {LIMIT_USD} }}", "limits": "{ rpm = 100000 }"}
        hosts = Hosts(tmp_path, shared, slow, stack, **allowed)
        with ThreadPoolExecutor(1) as aside:
            crowd = aside.submit(hosts.ask, 60)
            until(lambda: bool(hosts.leases()), "nobody holds anything")
            shared.kill()
            statuses = crowd.result()
        assert set(statuses) <= {200, 402}  # 402: what the workers held is used up
        shared.start()
        after = hosts.ask(200)
        assert after[200] > 0
        assert after[402] > 0
        until(lambda: not hosts.leases(), "something is held for ever")
        for gateway in hosts.gateways:
            gateway.stop()
        spent, estimated = hosts.spent()
        assert estimated == 0
        assert spent == sum(map(spent_nanos, hosts.folders))
        assert spent <= LIMIT_USD * NANOS

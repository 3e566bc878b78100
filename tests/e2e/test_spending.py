"""Budgets and limits that several workers keep together: of a crowd, and when one of them is killed."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from stellwerk.simulator.process import Simulator
from tests.e2e.callers import connect
from tests.e2e.kit import Gateway, model, provider, server, until, up
from tests.e2e.test_deaths import workers_of

KEY = "spending-key-5f1c9a7e3b2d"
NANOS = 1_000_000_000
HEADERS = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
BODY = json.dumps({"model": "smart", "max_tokens": 60, "messages": [{"role": "user", "content": "Hello"}]})
CALLERS = 16


def key(**allowed: str) -> str:
    """The key that spends."""
    return f'\n[[keys]]\nname = "spending"\nkey = "{KEY}"\n' + "".join(
        f"{name} = {value}\n" for name, value in allowed.items()
    )


def ask_all(gateway: Gateway, requests: int) -> Counter[int]:
    """Statuses of so many requests, each caller's over one connection after the other; 0 where it broke."""

    def ask(_: int) -> int:
        connection: HTTPConnection = connect(gateway.address)
        with closing(connection):
            try:
                connection.request("POST", "/v1/chat/completions", BODY, HEADERS)
                response = connection.getresponse()
                response.read()
            except (HTTPException, OSError):
                return 0
            return response.status

    with ThreadPoolExecutor(CALLERS) as executor:
        return Counter(executor.map(ask, range(requests)))


def spent_nanos(folder: Path) -> int:
    """What all answers have cost, as the event log has it."""
    total = 0
    for path in (folder / "state" / "events").glob("events-*.db"):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            total += database.execute("SELECT coalesce(sum(cost_nanos), 0) FROM event").fetchone()[0]
    return total


def ledger(folder: Path) -> tuple[int, int, int]:
    """What the counter has as spent, as held, and as spent by those who died."""
    with closing(sqlite3.connect(folder / "state" / "counters.db")) as database:
        spent, estimated = database.execute("SELECT sum(spent), sum(estimated) FROM account").fetchone()
        held = database.execute("SELECT coalesce(sum(amount), 0) FROM lease").fetchone()[0]
    return spent or 0, held, estimated or 0


def holders(folder: Path) -> list[int]:
    """The processes that hold money, those that hold most first."""
    with closing(sqlite3.connect(folder / "state" / "counters.db")) as database:
        if not database.execute("PRAGMA user_version").fetchone()[0]:
            return []  # only just being made
        rows = database.execute("SELECT owner FROM lease WHERE id LIKE '%budget%' ORDER BY amount DESC").fetchall()
    return [int(owner.split("/")[1]) for (owner,) in rows]


def test_a_crowd_at_two_workers_overspends_nothing(slow: Simulator, tmp_path: Path) -> None:
    limit = 0.01
    sections = (
        server(),
        provider("north", slow.base_url),
        model("smart", "north"),
        key(budget=f"{{ limit_usd = {limit} }}"),
    )
    with up(tmp_path, *sections) as gateway:
        statuses = ask_all(gateway, 200)
        assert set(statuses) == {200, 402}
        assert all(worker["requests"] > 10 for worker in workers_of(gateway))
        assert slow.report()["requests"] == statuses[200]
    spent, held, estimated = ledger(tmp_path)
    assert (held, estimated) == (0, 0)
    assert spent == spent_nanos(tmp_path)
    assert limit * NANOS / 2 < spent <= limit * NANOS


def test_a_killed_worker_costs_what_it_held_and_no_more_is_ever_spent(slow: Simulator, tmp_path: Path) -> None:
    limit = 0.02
    allowed = {"budget": f"{{ limit_usd = {limit} }}", "limits": "{ concurrency = 100 }"}
    sections = server(), provider("north", slow.base_url), model("smart", "north"), key(**allowed)
    with up(tmp_path, *sections, expected=("worker_died",)) as gateway:
        with ThreadPoolExecutor(1) as aside:
            crowd = aside.submit(ask_all, gateway, 120)
            until(lambda: bool(holders(tmp_path)), "nobody holds anything")
            os.kill(holders(tmp_path)[0], signal.SIGKILL)
            crowd.result()
        until(lambda: ledger(tmp_path)[2] > 0, "what the killed worker held is not settled", patience_s=20)
        statuses = ask_all(gateway, 200)
        assert statuses[402] > 0
    spent, held, estimated = ledger(tmp_path)
    assert held == 0
    assert spent <= limit * NANOS
    assert spent_nanos(tmp_path) <= spent
    assert 0 < estimated < limit * NANOS


def test_a_limit_holds_for_two_workers_together_and_all_of_it_can_be_used(slow: Simulator, tmp_path: Path) -> None:
    sections = server(), provider("north", slow.base_url), model("smart", "north"), key(limits="{ rpd = 60 }")
    with up(tmp_path, *sections) as gateway:
        assert ask_all(gateway, 100) == {200: 60, 429: 40}

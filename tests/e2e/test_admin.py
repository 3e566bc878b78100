"""The admin API under its supervisor: it serves, comes back, reloads, and never takes the gateway down."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stellwerk.audit.verify import entries, verify
from stellwerk.config import directory_file
from tests.e2e.kit import (
    ADMIN_TOKEN,
    WEB,
    WEB_KEY,
    Gateway,
    exists,
    model,
    provider,
    server,
    spoken,
    stellwerk,
    until,
    up,
)

SECTIONS = (server(workers=1), provider("here", "http://127.0.0.1:9/v1"), model("smart", "here"), WEB)


def admin_pid(gateway: Gateway) -> int:
    """Of the admin process that was started last."""
    return int([line for line in gateway.events("worker_started") if line["role"] == "admin"][-1]["pid"])


def is_alive(gateway: Gateway) -> bool:
    """Whether the gateway answers."""
    host, _, port = gateway.run["addresses"]["gateway"].rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    connection.request("GET", "/readyz")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status == 200


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with up(tmp_path, *SECTIONS, expected=("worker_died", "reload_refused", "message")) as running:
        yield running


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One for tests that nothing keeps apart but the configuration, which each writes anew."""
    with up(tmp_path_factory.mktemp("standing"), *SECTIONS, expected=("reload_refused", "message")) as running:
        yield running


def test_keys_are_made_told_to_workers_and_audited(gateway: Gateway) -> None:
    assert gateway.administer("POST", "/admin/v1/teams", {"name": "shop"})[0] == 201
    status, made = gateway.administer("POST", "/admin/v1/keys", {"name": "till", "team": "shop"})
    assert status == 201
    deltas, _ = directory_file.frames((gateway.state / "directory" / directory_file.DELTAS).read_bytes())
    assert [delta.version for delta in deltas] == [1, 2]
    assert deltas[-1].keys[0].name == "till"
    assert gateway.administer("POST", "/admin/v1/keys", {"name": "web"})[0] == 409  # the configuration file has it
    log = gateway.state / "audit"
    assert [entry["what"] for entry in entries(log)] == ["team.create", "key.create"]
    assert not verify(log).findings
    assert all(made["key"].encode() not in path.read_bytes() for path in gateway.state.rglob("*") if path.is_file())
    assert stellwerk(gateway.folder, "audit", "verify").returncode == 0


def test_what_is_set_here_holds_at_the_gateway_within_a_moment(gateway: Gateway) -> None:
    limits = [{"metric": "requests", "amount": 1}]
    status, made = gateway.administer("POST", "/admin/v1/keys", {"name": "till", "limits": limits})
    assert status == 201

    def asked(key: str) -> int:
        body = json.dumps({"model": "smart", "messages": [{"role": "user", "content": "Hello"}]}).encode()
        return callers_ask(gateway.address, key, body)

    gateway.until(lambda: asked(made["key"]) != 401, "the key is not known")  # 502: the provider is away
    assert asked(made["key"]) == 429
    assert asked(WEB_KEY) == 502
    assert spoken(gateway.folder, "budgets", "set", "model:smart", "0").returncode == 0
    gateway.until(lambda: asked(WEB_KEY) == 402, "the budget does not hold")
    assert spoken(gateway.folder, "keys", "revoke", made["id"]).returncode == 0
    gateway.until(lambda: asked(made["key"]) == 401, "the key is still known")


def callers_ask(address: str, key: str, body: bytes) -> int:
    """The status of one chat request."""
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    connection.request("POST", "/v1/chat/completions", body, {"authorization": f"Bearer {key}"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def test_without_a_token_there_is_only_401(standing: Gateway) -> None:
    for path in ("/", "/admin/v1/keys", "/admin/v1/openapi.json", "/admin/reload", "/docs", "/metrics"):
        for authorization in ("", "Bearer wrong", f"Basic {ADMIN_TOKEN}"):
            assert standing.administer("GET", path, authorization=authorization)[0] == 401


def test_it_comes_back_when_it_dies_and_the_gateway_stays(gateway: Gateway) -> None:
    workers = gateway.workers
    assert gateway.administer("POST", "/admin/v1/teams", {"name": "shop"})[0] == 201
    victim = admin_pid(gateway)
    os.kill(victim, signal.SIGKILL)
    gateway.until(lambda: admin_pid(gateway) != victim, "not started anew")
    assert is_alive(gateway)
    assert gateway.administer("POST", "/admin/v1/keys", {"name": "till", "team": "shop"})[0] == 201
    assert gateway.workers == workers
    deltas, _ = directory_file.frames((gateway.state / "directory" / directory_file.DELTAS).read_bytes())
    assert [delta.version for delta in deltas] == [1, 2]  # it went on where the one before had stopped


def test_one_that_cannot_start_leaves_the_gateway_alone(tmp_path: Path) -> None:
    (tmp_path / "state" / "control.db").mkdir(parents=True)
    with up(tmp_path, *SECTIONS, expected=("worker_died", "worker_refused", "admin_not_started")) as running:
        running.event("admin_not_started")
        assert is_alive(running)


def test_a_reload_takes_the_new_file_or_says_what_is_wrong(standing: Gateway) -> None:
    before = standing.administer("GET", "/admin/v1/status")[1]["configuration"]
    standing.reconfigure(*SECTIONS, model("fast", "here"))
    status, body = standing.administer("POST", "/admin/reload")
    assert status == 200
    assert body["version"] > before
    standing.reconfigure(*SECTIONS, model("broken", "nowhere"))
    status, body = standing.administer("POST", "/admin/reload")
    assert status == 422
    assert "nowhere" in body["errors"][0]["detail"]
    assert is_alive(standing)


def test_the_command_line_administers(gateway: Gateway) -> None:
    def told(*arguments: str, status: int = 0) -> Any:
        done = spoken(gateway.folder, *arguments, "--json")
        assert done.returncode == status, done.stdout + done.stderr
        return json.loads(done.stdout)

    assert gateway.administer("POST", "/admin/v1/teams", {"name": "shop"})[0] == 201
    made = told("keys", "create", "till", "--team", "shop", "--tag", "env=prod", "--rpm", "60", "--budget", "5")
    assert made["key"].startswith("sk-sw-")
    assert (made["tags"], made["limits"][0]["amount"]) == ({"env": "prod"}, 60)
    assert told("keys", "change", "till", "--disable", "--model", "smart", "--expires", "30d")["enabled"] is False
    assert told("keys", "rotate", "till", "--overlap", "1h")["name"] == "till"
    assert "several keys" in told("keys", "show", "till", status=1)["problems"][0]
    assert told("keys", "revoke", made["id"])["ok"]
    assert [key["name"] for key in told("keys", "list", "--team", "shop")] == ["till"]
    assert told("keys", "show", "till")["models"] == ["smart"]
    assert told("budgets", "set", "team:shop", "50.5", "--time-zone", "Europe/Berlin")["version"] == 2
    assert told("budgets", "set", "team:shop", "9", "--period", "day", "--soft")["version"] == 3
    budgets = {budget["period"]: budget for budget in told("budgets", "show", "team:shop")["budgets"]}
    assert budgets["month"]["time_zone"] == "Europe/Berlin"
    assert (budgets["day"]["hard"], budgets["day"]["limit_usd"]) == (False, "9")
    told("budgets", "set", "team:shop", "--period", "day", "--remove")
    assert [scope["scope"] for scope in told("budgets", "list")] == ["key:till", "team:shop"]
    assert "no budget" in told("budgets", "set", "team:shop", "--name", "x", "--remove", status=1)["problems"][0]
    assert "limit_usd" in told("budgets", "set", "team:shop", "much", status=1)["problems"][0]

    page = spoken(gateway.folder, "keys", "show", "till").stdout
    assert "  state        disabled\n" in page
    assert "  limits       60 requests in 60 s\n" in page
    assert "  budgets      5 USD a month\n" in page
    assert "nothing to change" in told("keys", "change", "till", status=1)["problems"][0]
    assert "no key nobody" in told("keys", "show", "nobody", status=1)["problems"][0]
    assert "no such thing" in told("keys", "show", "key_0", status=1)["problems"][0]

    lines = spoken(gateway.folder, "budgets", "list").stdout.splitlines()
    assert lines[0].split() == ["SCOPE", "NAME", "USD", "PERIOD", "TIME", "ZONE", "KIND"]
    assert lines[2].split() == ["team:shop", "-", "50.5", "month", "Europe/Berlin", "hard"]
    assert "till" in spoken(gateway.folder, "keys", "list").stdout
    assert spoken(gateway.folder, "budgets", "set", "team:shop").returncode == 2


def test_a_reload_takes_a_new_token(gateway: Gateway) -> None:
    text = "".join(SECTIONS)
    token = gateway.folder / "token"
    token.write_text("another-admin-token")
    gateway.reconfigure(text.replace("env:ADMIN_TOKEN", f"file:{token}"))
    gateway.until(lambda: gateway.administer("GET", "/admin/v1/status")[0] == 401, "the new token is not taken")
    assert gateway.administer("GET", "/admin/v1/status", authorization="Bearer another-admin-token")[0] == 200


def test_a_new_address_takes_a_restart(standing: Gateway) -> None:
    standing.reconfigure(
        "".join(SECTIONS).replace('[admin]\nlisten = "127.0.0.1:0"', '[admin]\nlisten = "127.0.0.1:1"')
    )
    standing.until(
        lambda: any(line["keys"] == ["admin.listen"] for line in standing.events("takes_a_restart")), "not told"
    )
    assert standing.administer("GET", "/admin/v1/status")[0] == 200


def test_it_ends_when_its_supervisor_is_gone(tmp_path: Path) -> None:
    with up(tmp_path, *SECTIONS) as running:
        assert running.administer("GET", "/admin/v1/status")[0] == 200
        pid = admin_pid(running)
        running.process.kill()
        running.process.wait()
        until(lambda: not exists(pid), "it lives on")


def test_it_is_not_started_by_hand(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stellwerk.admin.process"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "stellwerk up" in done.stderr

"""A budget passes thresholds while a gateway serves: its webhook hears of each once, over restarts as well."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from stellwerk.simulator.process import Simulator, running_beside
from stellwerk.simulator.scenario import Scenario, SimulatedProvider
from tests.e2e.callers import ask
from tests.e2e.kit import PROVIDER_KEY, WEB_KEY, Gateway, model, provider, server, spoken, stellwerk, up
from tests.hooks import Receiver, receiver

SECRET = "whsec_" + base64.b64encode(b"never-tell-a-webhook-secret").decode()
ANY_VERSION = {"if-match": "*"}


@pytest.fixture
def north() -> Iterator[Simulator]:
    """A provider that answers at once; 20 tokens of answer cost 0.00016 USD and more."""
    spec = SimulatedProvider(name="north", keys=(PROVIDER_KEY,), answer_tokens=20)
    with running_beside(Scenario(providers=(spec,))) as (simulator,):
        yield simulator


def sections(north: Simulator, budget: str, notify: str = '["ops", "log"]') -> tuple[str, ...]:
    """A key with a budget, and a webhook."""
    return (
        server(),
        provider("north", north.base_url),
        model("smart", "north"),
        f'\n[[keys]]\nname = "web"\nteam = "shop"\nkey = "env:WEB_KEY"\nbudget = {budget}\n',
        '\n[[notifiers]]\nname = "ops"\nkind = "webhook"\nurl = "env:HOOK_URL"\nsecret = "env:HOOK_SECRET"\n',
        f"\n[alerts]\nnotify = {notify}\n",
    )


def environment(hook: Receiver) -> dict[str, str]:
    """Where the webhook is."""
    return {"HOOK_URL": hook.url, "HOOK_SECRET": SECRET}


def spend(gateway: Gateway, requests: int) -> None:
    """So many requests of the key."""
    for _ in range(requests):
        assert ask(gateway.address, key=WEB_KEY).status == 200


def listed(folder: Path) -> list[dict[str, Any]]:
    """The alerts as the command line lists them."""
    found: list[dict[str, Any]] = json.loads(spoken(folder, "alerts", "list", "--json").stdout)
    return found


def states(alert: dict[str, Any]) -> dict[str, str]:
    """How far an alert has come, by channel."""
    return {one["channel"]: one["state"] for one in alert["deliveries"]}


def test_a_threshold_is_told_once_whatever_fails_and_not_again_after_a_restart(
    north: Simulator, tmp_path: Path
) -> None:
    with receiver(500) as hook:
        config = sections(north, "{ limit_usd = 0.0008, hard = false, alerts = [0.1, 0.5] }")
        with up(tmp_path, *config, environment=environment(hook)) as gateway:
            spend(gateway, 3)
            gateway.until(lambda: len(hook.requests) >= 2, "the webhook is not asked again")
            gateway.until(lambda: set(states(listed(tmp_path)[0]).values()) == {"delivered"}, "it is not settled")
            (alert,) = listed(tmp_path)
            assert states(alert) == {"log": "delivered", "ops": "delivered"}
            assert (alert["scope"], alert["threshold"], alert["hard"]) == ("key:web", 0.5, False)
            assert float(alert["spent_usd"]) >= 3 * 0.00016
            assert [line["alert"]["id"] for line in gateway.events("alert")] == [alert["id"]]
            assert [line["reason"] for line in gateway.events("channel_fails")] == ["status 500"]
            lines = spoken(tmp_path, "alerts", "list", "--scope", "key:web", "--last", "1").stdout.splitlines()
            assert [line.split()[2:5] for line in lines[1:]] == [["key:web", "month", "50"]] * 2
            assert spoken(tmp_path, "alerts", "list", "--last", "0").returncode == 2
            assert spoken(tmp_path, "alerts", "list", "--state", "dropped").stdout.count("\n") == 1
        failed, taken = hook.requests
        assert failed.body == taken.body
        assert failed.said["id"] == failed.headers["webhook-id"] == taken.headers["webhook-id"] == alert["id"]
        client = OpenAI(api_key="none")
        client.webhooks.verify_signature(taken.body, taken.headers, secret=SECRET)

        with up(tmp_path, *config, environment=environment(hook)) as gateway:
            budget = {"limit_usd": "0.0001", "hard": False, "alerts": [0.5]}
            status, _ = gateway.administer("PUT", "/admin/v1/budgets/model:smart", {"budgets": [budget]}, **ANY_VERSION)
            assert status == 200
            gateway.until(lambda: ask(gateway.address).status == 200 and len(hook.requests) > 2, "nothing is told")
        assert [request.said["data"]["scope"] for request in hook.requests] == ["key:web", "key:web", "model:smart"]


def test_a_channel_is_tried_from_the_command_line(north: Simulator, tmp_path: Path) -> None:
    with receiver(204, 410, 500) as hook:
        config = sections(north, "{ limit_usd = 1.0 }")
        with up(tmp_path, *config, environment=environment(hook)) as gateway:
            good = stellwerk(tmp_path, "alerts", "test", "ops")
            assert (good.returncode, good.stderr) == (0, "")
            bad = spoken(tmp_path, "alerts", "test", "ops", "--json")
            assert (bad.returncode, json.loads(bad.stdout)["error"]) == (1, "status 410")
            again = spoken(tmp_path, "alerts", "test", "ops")
            assert (again.returncode, again.stderr) == (1, "ops has not taken the message: status 500\n")
            gateway.reconfigure(*config[:-2])
            assert gateway.administer("POST", "/admin/reload")[0] == 200
            unknown = spoken(tmp_path, "alerts", "test", "ops")
            assert unknown.returncode == 1
            assert "no such channel, only log" in unknown.stderr
        assert [request.said["type"] for request in hook.requests] == ["test"] * 3

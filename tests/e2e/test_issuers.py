"""Tokens of an issuer at a whole installation: every worker takes them, and follows issuer and directory."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from stellwerk.simulator.process import Simulator
from tests.e2e.kit import WEB, WEB_KEY, Gateway, model, provider, server, until, up
from tests.issuer import AUDIENCE, Issuer, issuing

ANY_VERSION = {"if-match": "*"}


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """An issuer that runs."""
    with issuing("RS256") as running:
        yield running


def section(issuer: Issuer) -> str:
    """The section of an issuer whose tokens name a team."""
    head = f'\n[[issuers]]\nname = "sso"\nissuer = "{issuer.url}"\naudience = "{AUDIENCE}"\n'
    return f'{head}claims = {{ team = "dept" }}\n'


def status(gateway: Gateway, key: str) -> int:
    """Of one request, on a connection of its own."""
    body = b'{"model":"smart","max_tokens":5,"messages":[{"role":"user","content":"hello"}]}'
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
    connection.request("POST", "/v1/chat/completions", body, {"authorization": f"Bearer {key}"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def test_tokens_are_taken_by_every_worker_and_teams_hold(north: Simulator, issuer: Issuer, tmp_path: Path) -> None:
    sections = (server(), provider("north", north.base_url), model("smart", "north"), WEB, section(issuer))
    with up(tmp_path, *sections) as gateway:
        text = issuer.token(dept="shop")
        assert {status(gateway, text) for _ in range(20)} == {200}  # without a pause: keys were there before anybody
        assert status(gateway, WEB_KEY) == 200
        assert {status(gateway, issuer.token(dept="shop", aud="other")) for _ in range(4)} == {401}
        assert {status(gateway, issuer.token()) for _ in range(4)} == {403}

        assert gateway.administer("POST", "/admin/v1/teams", {"name": "shop"})[0] == 201
        assert gateway.administer("PATCH", "/admin/v1/teams/shop", {"enabled": False}, **ANY_VERSION)[0] == 200
        until(lambda: {status(gateway, text) for _ in range(8)} == {401}, "the team is not disabled")
        assert gateway.administer("PATCH", "/admin/v1/teams/shop", {"enabled": True}, **ANY_VERSION)[0] == 200
        until(lambda: {status(gateway, text) for _ in range(8)} == {200}, "the team is not enabled")
        body = {"budgets": [{"limit_usd": "0"}]}
        assert gateway.administer("PUT", "/admin/v1/budgets/team:shop", body, **ANY_VERSION)[0] in {200, 201}
        until(lambda: {status(gateway, text) for _ in range(8)} == {402}, "the budget does not hold")

        issuer.is_away = True
        assert status(gateway, issuer.token(dept="lab")) == 200
        gateway.until(lambda: len(gateway.recorded()) > 40)
        names = {(event["key_name"], event["team"]) for event in gateway.recorded() if event["status"] == 200}
        assert names == {("sso/anne", "shop"), ("sso/anne", "lab"), ("web", "shop")}
    for path in gateway.state.rglob("*"):
        assert not path.is_file() or text.rpartition(".")[2].encode() not in path.read_bytes()
    assert text.rpartition(".")[2] not in gateway.output


def test_it_starts_without_its_issuer_and_takes_tokens_once_it_is_there(
    north: Simulator, issuer: Issuer, tmp_path: Path
) -> None:
    issuer.is_away = True
    sections = (server(workers=1), provider("north", north.base_url), model("smart", "north"), WEB, section(issuer))
    with up(tmp_path, *sections) as gateway:
        assert status(gateway, WEB_KEY) == 200
        assert status(gateway, issuer.token(dept="shop")) == 503
        gateway.event("issuer_keys_not_refreshed")
        issuer.is_away = False
        until(lambda: status(gateway, issuer.token(dept="shop")) == 200, "its tokens are not taken")
        gateway.event("issuer_keys_refreshed")

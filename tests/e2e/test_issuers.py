"""Tokens of an issuer at a whole installation: every worker takes them, and follows issuer and directory."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from stellwerk.audit.verify import entries
from stellwerk.simulator.process import Simulator
from tests.e2e.kit import SECRET, WEB, WEB_KEY, Gateway, model, provider, server, until, up
from tests.issuer import AUDIENCE, CLIENT_ID, CLIENT_SECRET, Issuer, issuing

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
        gateway.until(lambda: any(event["team"] == "lab" for event in gateway.recorded()))
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


def people(issuer: Issuer) -> str:
    """People of an issuer who may log in; those of a group may do everything."""
    return (
        f'\n[[issuers]]\nname = "people"\nissuer = "{issuer.url}"\n\n[admin.oidc]\nissuer = "people"\n'
        f'client_id = "{CLIENT_ID}"\nclient_secret = "env:CLIENT_SECRET"\nurl = "http://127.0.0.1:1"\n'
        'roles = [{ claim = "groups", values = ["sre"], role = "admin" }]\n'
    )


def asked(gateway: Gateway, method: str, target: str, **fields: str) -> tuple[int, dict[str, str], bytes]:
    """One request to the admin side: status, header and body."""
    host, _, port = gateway.run["addresses"]["admin"].rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    connection.request(method, target, headers=fields)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    fields = {name.lower(): value for name, value in reversed(answer.getheaders())}  # the first of each
    return answer.status, fields, body


def test_people_come_to_the_admin_side_with_tokens_and_by_logging_in(issuer: Issuer, tmp_path: Path) -> None:
    assert SECRET in CLIENT_SECRET
    issuer.person = {"sub": "4711", "groups": ["sre"]}
    issuer.is_away = True
    sections = (server(workers=1), provider("here", "http://127.0.0.1:9/v1"), model("smart", "here"), WEB)
    environment = {"CLIENT_SECRET": CLIENT_SECRET}
    with up(tmp_path, *sections, people(issuer), environment=environment) as gateway:
        token = f"Bearer {issuer.token(aud=CLIENT_ID, groups=['sre'])}"
        assert asked(gateway, "GET", "/admin/v1/session", authorization=token)[0] == 401
        assert asked(gateway, "GET", "/admin/login")[0] == 503
        gateway.event("issuer_not_reached")
        issuer.is_away = False
        until(lambda: asked(gateway, "GET", "/admin/v1/session", authorization=token)[0] == 200, "no token is taken")
        until(lambda: asked(gateway, "GET", "/admin/login")[0] == 303, "nobody can log in", patience_s=30.0)
        assert gateway.events("issuer_reached")
        assert status(gateway, token.removeprefix("Bearer ")) == 401  # nobody may call with it

        _, fields, _ = asked(gateway, "GET", "/admin/login")
        way = fields["set-cookie"].partition(";")[0]
        _, back, _ = issuer.get(fields["location"].removeprefix(issuer.url))
        target = back["location"].removeprefix("http://127.0.0.1:1")
        assert asked(gateway, "GET", target)[0] == 401
        code, fields, _ = asked(gateway, "GET", target, cookie=way)
        assert code == 200
        session = fields["set-cookie"].partition(";")[0]
        assert session.startswith("stellwerk=")
        assert asked(gateway, "GET", "/admin/v1/session", cookie=session)[0] == 200
        issuer.rotate("key-2", keeps=False)
        issuer.is_away = True
        gateway.reconfigure(*sections, people(issuer).replace('["sre"]', '["sre", "ops"]'))
        gateway.event("reloaded")
        until(lambda: asked(gateway, "GET", "/admin/v1/session", cookie=session)[0] == 401, "a session of other rules")
        assert asked(gateway, "GET", "/admin/v1/session", authorization=token)[0] == 200
        assert [entry["who"] for entry in entries(gateway.state / "audit")][:1] == [
            f"people/4711 (4711 of {issuer.url})"
        ]

"""Callers with tokens of an issuer instead of keys, in a whole gateway: who is let in, who pays, and who is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from stellwerk.gateway.directory import Directory
from stellwerk.gateway.tokens import Tokens, TrustingDirectory
from stellwerk.oidc import keys as oidc_keys
from tests.integration.gateway.clients import asking, chat, once, raw
from tests.integration.gateway.kit import KEY, KEYS, Gateway
from tests.integration.gateway.scenes import scripted
from tests.integration.gateway.upstream import Script, completes
from tests.integration.http.caller import get, post
from tests.integration.http.loop import eventually, on_loop
from tests.issuer import AUDIENCE, Issuer, SigningKey, hmac_token, issuing, part, token

ONE = "limits = { rpm = 1 }"


def section(issuer: Issuer, *lines: str, name: str = "sso") -> str:
    """The section of an issuer."""
    head = f'\n[[issuers]]\nname = "{name}"\nissuer = "{issuer.url}"\naudience = "{AUDIENCE}"\n'
    return head + "".join(f"{line}\n" for line in lines)


@asynccontextmanager
async def trusting(
    folder: Path, issuer: Issuer, *lines: str, sections: str = "", answers: int = 6
) -> AsyncIterator[tuple[Gateway, Script]]:
    """A gateway that takes the issuer's tokens, once it has the keys."""
    acts = (completes(),) * answers
    async with scripted(folder, *acts, sections=section(issuer, *lines) + sections + KEYS) as (gateway, upstream):
        issuer.clock = gateway.clock.wall
        await gateway.parts.renewals.issuers_asked(5.0)
        yield gateway, upstream


async def status(gateway: Gateway, key: str) -> int:
    """Of one request."""
    return (await once(gateway, chat(asking(), key=key))).status


async def refusal(gateway: Gateway, key: str) -> tuple[int, str]:
    """Status and words of a refusal; nothing of the token is in them, nor in the log."""
    told = await once(gateway, chat(asking(), key=key))
    words = str(told.error["message"])
    for piece in key.split("."):
        assert len(piece) < 10 or (piece not in words and piece not in gateway.log.getvalue())
    return told.status, words


@pytest.fixture
def issuer() -> Any:
    """An issuer that runs."""
    with issuing() as running:
        yield running


@on_loop
async def test_a_token_is_let_in_wherever_a_key_is(tmp_path: Path, issuer: Issuer) -> None:
    async with trusting(tmp_path, issuer) as (gateway, _):
        assert await status(gateway, issuer.token()) == 200
        assert await status(gateway, KEY) == 200
        for name in (b"x-api-key", b"x-goog-api-key"):
            field = b"%b: %b" % (name, issuer.token().encode())
            assert (await once(gateway, chat(asking(), field, key=None))).status == 200
        event = gateway.events[0]
        assert (event.key_name, event.team) == ("sso/anne", "")


@on_loop
async def test_who_calls_is_not_kept_in_words_where_a_policy_says_so(tmp_path: Path, issuer: Issuer) -> None:
    lines = ('[[guardrails]]\nuse = "pii"\non = ["log"]',)
    async with trusting(tmp_path, issuer, *lines) as (gateway, _):
        for user in ("anne@example.com", "bert@example.com", "anne@example.com"):
            assert await status(gateway, issuer.token(sub=user)) == 200
        anne, bert, again = (event.key_name for event in gateway.events)
        assert anne == again != bert
        assert anne.startswith("sso/[EMAIL_ADDRESS:")
        assert "example.com" not in gateway.log.getvalue()


@on_loop
async def test_a_token_is_verified_once(tmp_path: Path, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = []
    verifies = oidc_keys.Key.verifies

    def counted(key: oidc_keys.Key, *rest: Any) -> bool:
        checks.append(key)
        return verifies(key, *rest)

    monkeypatch.setattr(oidc_keys.Key, "verifies", counted)
    async with trusting(tmp_path, issuer, answers=10) as (gateway, _), raw(gateway) as caller:
        text = issuer.token()
        for _ in range(5):
            await caller.send(chat(asking(), key=text))
            assert (await caller.told()).status == 200
        assert len(checks) == 1
        assert await status(gateway, issuer.token(jti="other")) == 200
        assert len(checks) == 2


@on_loop
async def test_a_token_that_expires_is_refused_on_a_connection_that_has_used_it(tmp_path: Path, issuer: Issuer) -> None:
    async with trusting(tmp_path, issuer, "leeway_s = 5") as (gateway, _), raw(gateway) as caller:
        text = issuer.token(exp=int(gateway.clock.wall()) + 60)
        for ahead_s, expected in ((0.0, 200), (60.0, 200), (10.0, 401)):
            gateway.clock.wall_ahead_s += ahead_s
            await caller.send(chat(asking(), key=text))
            assert (await caller.told()).status == expected


@on_loop
async def test_what_is_wrong_with_a_token_is_told(tmp_path: Path, issuer: Issuer) -> None:
    async with trusting(tmp_path, issuer, "leeway_s = 5") as (gateway, upstream):
        now = int(gateway.clock.wall())
        cases = {
            issuer.token(exp=now - 10): "has expired",
            issuer.token(exp=None): "does not say when it expires",
            issuer.token(nbf=now + 60): "not valid yet",
            issuer.token(iat=now + 60): "in the future",
            issuer.token(aud="other"): "another audience",
            issuer.token(aud=None): "whom it is meant for",
            issuer.token(iss="https://other.example"): "issuer is not known",
            issuer.token(iss=f"{issuer.url}/"): "issuer is not known",
            issuer.token(iss=None): "issuer is not known",
            issuer.token(sub=None): "no claim 'sub'",
            issuer.token()[:-4] + "AAAA": "signature is wrong",
            issuer.token() + "x" * 8192: "larger than 8192 bytes",
            "eyJ.eyJ.AA": "not base64url",
        }
        for text, why in cases.items():
            code, words = await refusal(gateway, text)
            assert code == 401
            assert why in words
        assert not upstream.requests


@on_loop
async def test_a_token_cannot_choose_how_it_is_verified(tmp_path: Path) -> None:
    with issuing("RS256") as issuer:
        async with trusting(tmp_path, issuer) as (gateway, upstream):
            own, genuine = SigningKey("RS256"), issuer.keys["key-1"]
            claims = issuer.claims()
            shared = genuine.pem
            jwk = own.jwk(kid="own")
            forged = [
                f"{part({'alg': 'none', 'kid': 'key-1'})}.{part(claims)}.",
                f"{part({'alg': 'None'})}.{part(claims)}.",
                f"{part({'alg': ''})}.{part(claims)}.",
                hmac_token(shared, {"alg": "HS256", "kid": "key-1"}, claims),
                hmac_token(shared, {"alg": "RS256", "kid": "key-1"}, claims),
                hmac_token(json.dumps(issuer.jwks["keys"][0]).encode(), {"alg": "HS256"}, claims),
                token(own, {"alg": "RS256", "kid": "key-1", "jwk": jwk}, claims),
                token(own, {"alg": "RS256", "jwk": jwk}, claims),
                token(own, {"alg": "RS256", "kid": "key-1", "jku": f"{issuer.url}/evil"}, claims),
                token(own, {"alg": "RS256", "kid": "key-1", "x5u": f"{issuer.url}/evil"}, claims),
                token(own, {"alg": "RS256", "kid": "key-1", "x5c": ["AAAA"]}, claims),
                token(SigningKey("ES256"), {"alg": "ES256", "kid": "key-1"}, claims),
                token(genuine, {"alg": "RS256", "kid": "key-1", "crit": ["b64"], "b64": False}, claims),
                token(genuine, {"alg": "ES384", "kid": "key-1"}, claims),
            ]
            for text in forged:
                assert (await refusal(gateway, text))[0] == 401
            assert set(issuer.asked) == {"/.well-known/openid-configuration", "/jwks"}
            assert not upstream.requests
            assert await status(gateway, issuer.token()) == 200


@on_loop
async def test_a_token_is_no_access_key_id(tmp_path: Path, issuer: Issuer) -> None:
    async with trusting(tmp_path, issuer) as (gateway, _):
        signed = f"AWS4-HMAC-SHA256 Credential={issuer.token()}/20260101/eu-central-1/bedrock/aws4_request"
        body = b'{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}'
        told = await once(gateway, post(b"/model/plain/converse", body, b"authorization: " + signed.encode()))
        assert told.status in {401, 403}
        assert b"didn't provide" in told.body


@on_loop
async def test_keys_are_exchanged_without_a_request_that_fails_for_good(tmp_path: Path, issuer: Issuer) -> None:
    async with trusting(tmp_path, issuer) as (gateway, _):
        former = issuer.token()
        assert await status(gateway, former) == 200
        gateway.clock.wall_ahead_s += 11.0
        issuer.rotate("key-2", "EdDSA")
        text = issuer.token()
        told = await once(gateway, chat(asking(), key=text))
        assert told.status == 503
        assert int(told.fields[b"retry-after"]) <= 2
        assert told.error["code"] == "issuer_unavailable"
        await eventually(lambda: issuer.asked["/jwks"] == 2 and bool(_ring(gateway)._keys.knows("key-2")))
        assert await status(gateway, text) == 200
        assert await status(gateway, former) == 200
        issuer.rotate("key-3", keeps=False)
        gateway.clock.wall_ahead_s += 11.0
        assert await status(gateway, issuer.token()) == 503
        await eventually(lambda: bool(_ring(gateway)._keys.knows("key-3")))
        assert await status(gateway, issuer.token()) == 200
        assert await status(gateway, former) == 503  # its key is asked for once more
        assert {line["event"] for line in gateway.logged} == set()


@on_loop
async def test_a_flood_of_keys_is_no_flood_of_fetches(tmp_path: Path, issuer: Issuer) -> None:
    async with trusting(tmp_path, issuer) as (gateway, _), raw(gateway) as caller:
        key = issuer.keys["key-1"]
        statuses = set()
        for number in range(200):
            text = token(key, {"alg": "ES256", "kid": f"fake-{number}"}, issuer.claims())
            await caller.send(chat(asking(), key=text))
            statuses.add((await caller.told()).status)
        assert statuses == {401, 503}
        assert issuer.asked["/jwks"] == 1
        assert await status(gateway, issuer.token()) == 200


@on_loop
async def test_an_issuer_that_is_away_at_the_start_lets_nobody_in_until_it_is_there(
    tmp_path: Path, issuer: Issuer
) -> None:
    issuer.is_away = True
    async with trusting(tmp_path, issuer) as (gateway, upstream):
        told = await once(gateway, chat(asking(), key=issuer.token()))
        assert (told.status, told.fields[b"retry-after"]) == (503, b"1")
        assert b"could not be fetched yet" in told.body
        listing = get(b"/v1/models", b"Authorization: Bearer " + issuer.token().encode())
        assert (await once(gateway, listing, to=b"GET")).status == 503
        large = await once(gateway, chat(asking("x" * 200_000), key=issuer.token()))
        assert large.status == 503
        assert await status(gateway, KEY) == 200
        assert len(upstream.requests) == 1
        assert [line["event"] for line in gateway.logged] == ["issuer_keys_not_refreshed"]
        issuer.is_away = False
        await eventually(lambda: _ring(gateway)._keys is not None)
        assert await status(gateway, issuer.token()) == 200
        assert gateway.logged[-1]["event"] == "issuer_keys_refreshed"
        issuer.is_away = True
        assert await status(gateway, issuer.token(jti="x")) == 200


@on_loop
async def test_limits_and_budgets_of_teams_and_users_hold_for_tokens(tmp_path: Path, issuer: Issuer) -> None:
    scopes = f'\n[[teams]]\nname = "shop"\n{ONE}\n\n[[users]]\nname = "bert"\n{ONE}\n'
    lines = ('claims = { team = "dept" }', "callers = { limits = { rpm = 2 } }")
    async with trusting(tmp_path, issuer, *lines, sections=scopes) as (gateway, _):
        shop = [issuer.token(sub=name, dept="shop") for name in ("anne", "carl")]
        assert [await status(gateway, text) for text in shop] == [200, 429]
        assert [await status(gateway, issuer.token(sub="bert", dept="lab")) for _ in range(2)] == [200, 429]
        dora = [issuer.token(sub="dora", dept="lab", jti=str(number)) for number in range(3)]
        assert [await status(gateway, text) for text in dora] == [200, 200, 429]


@on_loop
async def test_a_team_cannot_overspend_with_tokens(tmp_path: Path, issuer: Issuer) -> None:
    scopes = '\n[[teams]]\nname = "shop"\nbudget = { limit_usd = 0.002 }\n'
    async with trusting(tmp_path, issuer, 'claims = { team = "dept" }', sections=scopes, answers=60) as (gateway, _):
        texts = [issuer.token(sub=f"user-{number}", dept="shop") for number in range(40)]
        requests = [chat(asking(max_tokens=100), key=text) for text in texts]
        statuses = [told.status for told in await asyncio.gather(*(once(gateway, one) for one in requests))]
        assert set(statuses) == {200, 402}
        assert sum(event.cost_nanos or 0 for event in gateway.events) <= 2_000_000


@on_loop
async def test_who_is_disabled_is_refused_with_a_token_too(tmp_path: Path, issuer: Issuer) -> None:
    scopes = '\n[[teams]]\nname = "shop"\norganization = "acme"\n\n[[organizations]]\nname = "acme"\nenabled = {}\n'
    async with trusting(tmp_path, issuer, 'claims = { team = "dept" }', sections=scopes.format("true")) as (gateway, _):
        text = issuer.token(dept="shop")
        assert await status(gateway, text) == 200
        gateway.adopt(gateway.compile(gateway.source.replace("enabled = true", "enabled = false")))
        code, words = await refusal(gateway, text)
        assert code == 401
        assert "disabled" in words
        assert await status(gateway, issuer.token(dept="lab")) == 200


@on_loop
async def test_models_and_dialects_of_callers_are_theirs(tmp_path: Path, issuer: Issuer) -> None:
    lines = ('claims = { models = "models" }', 'callers = { dialects = ["openai"] }')
    async with trusting(tmp_path, issuer, *lines) as (gateway, _):
        assert await status(gateway, issuer.token(models=["other"])) == 404
        assert await status(gateway, issuer.token(models=["plain"])) == 200
        body = b'{"model":"plain","max_tokens":5,"messages":[{"role":"user","content":"Hi"}]}'
        told = await once(gateway, post(b"/v1/messages", body, b"x-api-key: " + issuer.token().encode()))
        assert (told.status, told.json["type"]) == (403, "error")


@on_loop
async def test_what_is_required_of_claims_is_demanded(tmp_path: Path, issuer: Issuer) -> None:
    async with trusting(tmp_path, issuer, 'require = [{ claim = "owner", values = ["acme"] }]') as (gateway, _):
        assert await status(gateway, issuer.token(owner="acme")) == 200
        code, words = await refusal(gateway, issuer.token(owner="mallory"))
        assert (code, "'owner'" in words) == (403, True)


@on_loop
async def test_two_sections_of_one_issuer_are_told_apart_by_the_audience(tmp_path: Path, issuer: Issuer) -> None:
    other = section(issuer, 'callers = { team = "machines" }', name="ci").replace(f'"{AUDIENCE}"', '["ci", "cd"]')
    async with trusting(tmp_path, issuer, 'callers = { team = "people" }', sections=other) as (gateway, _):
        for audience in (AUDIENCE, "cd", ["x", "ci"]):
            assert await status(gateway, issuer.token(aud=audience)) == 200
        assert await status(gateway, issuer.token(aud="x")) == 401
        assert [event.key_name for event in gateway.events[:3]] == ["sso/anne", "ci/anne", "ci/anne"]
        assert [event.team for event in gateway.events[:3]] == ["people", "machines", "machines"]


@on_loop
async def test_no_more_tokens_are_remembered_than_there_is_room_for(
    tmp_path: Path, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stellwerk.gateway.tokens.MOST_REMEMBERED", 3)
    async with trusting(tmp_path, issuer, answers=10) as (gateway, _):
        texts = [issuer.token(jti=str(number)) for number in range(5)]
        for text in texts:
            assert await status(gateway, text) == 200
        assert len(_tokens(gateway)._known) == 3
        assert await status(gateway, texts[0]) == 200


@on_loop
async def test_a_gateway_without_issuers_takes_a_token_for_a_key(tmp_path: Path, issuer: Issuer) -> None:
    async with scripted(tmp_path) as (gateway, _):
        assert type(gateway.parts.pipeline.configuration.directory) is Directory
        code, words = await refusal(gateway, issuer.token())
        assert code == 401
        assert "no such key" in words


@on_loop
async def test_a_host_that_discovery_names_is_not_allowed_by_that(tmp_path: Path, issuer: Issuer) -> None:
    issuer.discovery = {"jwks_uri": f"http://localhost:{issuer.port}/jwks"}
    async with trusting(tmp_path, issuer) as (gateway, _):
        assert await status(gateway, issuer.token()) == 503
        (line,) = [line for line in gateway.logged if line["event"] == "issuer_keys_not_refreshed"]
        assert line["issuer"] == "sso"
        assert "localhost is not allowed" in line["reason"]
        assert issuer.asked["/jwks"] == 0


def _tokens(gateway: Gateway) -> Tokens:
    directory = gateway.parts.pipeline.configuration.directory
    assert isinstance(directory, TrustingDirectory)
    return directory.tokens


def _ring(gateway: Gateway) -> Any:
    return _tokens(gateway)._rings["sso"]

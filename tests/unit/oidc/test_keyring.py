"""An issuer's keys over time: fetched, exchanged, withdrawn, kept while it is away, and never asked for in a flood."""

from __future__ import annotations

import json
import math

import pytest

from stellwerk.core.issuer import IssuerSpec
from stellwerk.errors import AuthenticationFailed, ConfigurationError, IssuerUnavailable
from stellwerk.oidc.keyring import ABSENT_S, LEAST_PAUSE_S, MOST_WANTED, Keyring
from tests.integration.http.loop import on_loop
from tests.issuer import SigningKey
from tests.unit.oidc.kit import Ring


@on_loop
async def test_keys_are_fetched_and_fetched_again_in_time() -> None:
    one = Ring()
    with pytest.raises(IssuerUnavailable, match="could not be fetched yet"):
        one.ring.find("key-1", "ES256", one.now)
    assert await one.refresh() == one.spec.refresh_s
    assert one.ring.find("key-1", "ES256", one.now).key_id == "key-1"
    assert await one.refresh() == one.spec.refresh_s
    assert one.fetched == 1
    one.now += one.spec.refresh_s
    await one.refresh()
    assert one.fetched == 2


@on_loop
async def test_where_keys_are_is_discovered_and_has_to_be_this_issuers() -> None:
    one = Ring(jwks_url="")
    await one.refresh()
    assert (one.fetched, one.ring.failure) == (1, None)
    for wrong, why in (({"issuer": "https://other.example"}, "another issuer"), ({"jwks_uri": 5}, "no jwks_uri")):
        other = Ring(jwks_url="")
        other.issuer.discovery = wrong
        await other.refresh()
        assert why in (other.ring.failure or "")
        assert other.fetched == 0


@on_loop
async def test_a_rotation_is_followed_when_a_new_key_is_named() -> None:
    one = Ring()
    hurried: list[float] = []
    one.ring.hurry = hurried.append
    await one.refresh()
    one.issuer.rotate("key-2")
    one.now += LEAST_PAUSE_S
    with pytest.raises(IssuerUnavailable, match="being asked") as told:
        one.ring.find("key-2", "ES256", one.now)
    assert told.value.retry_after_s == 1.0
    assert hurried == [one.now]
    await one.refresh()
    assert one.ring.find("key-2", "ES256", one.now).key_id == "key-2"
    assert one.fetched == 2


@on_loop
async def test_a_key_that_is_not_published_is_asked_for_once_and_then_refused() -> None:
    one = Ring()
    await one.refresh()
    with pytest.raises(IssuerUnavailable) as told:
        one.ring.find("fake", "ES256", one.now)
    assert told.value.retry_after_s == LEAST_PAUSE_S + 1.0
    assert await one.refresh() == LEAST_PAUSE_S  # not yet: keys have only just been fetched
    one.now += LEAST_PAUSE_S
    await one.refresh()
    for _ in range(3):
        with pytest.raises(AuthenticationFailed, match="does not publish"):
            one.ring.find("fake", "ES256", one.now)
    assert await one.refresh() == one.spec.refresh_s
    one.now += ABSENT_S
    with pytest.raises(IssuerUnavailable):
        one.ring.find("fake", "ES256", one.now)


@on_loop
async def test_a_flood_of_keys_is_no_flood_of_fetches() -> None:
    one = Ring()
    await one.refresh()
    one.now += LEAST_PAUSE_S
    refused = 0
    for number in range(1000):
        one.now += 0.01
        try:
            one.ring.find(f"fake-{number}", "ES256", one.now)
        except AuthenticationFailed:
            refused += 1
        except IssuerUnavailable:
            pass
        await one.refresh()
    assert one.fetched == 2
    assert refused == 1000 - 1 - MOST_WANTED
    assert one.ring.find("key-1", "ES256", one.now).key_id == "key-1"


@on_loop
async def test_keys_are_kept_while_the_issuer_is_away_but_not_for_ever() -> None:
    one = Ring(keep_s=3600.0)
    await one.refresh()
    key = one.ring.find("key-1", "ES256", one.now)
    one.is_reachable = False
    pauses: list[float] = []
    for _ in range(8):
        one.now += one.spec.refresh_s if not pauses else pauses[-1]
        pauses.append(await one.refresh())
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    assert "connection refused" in (one.ring.failure or "")
    assert one.ring.find("key-1", "ES256", one.now) is key
    one.now += 3600.0
    assert not one.ring.holds(key, one.now)
    with pytest.raises(IssuerUnavailable):
        one.ring.find("key-1", "ES256", one.now)
    one.is_reachable = True
    await one.refresh()
    assert one.ring.failure is None
    assert one.ring.holds(key, one.now)


@on_loop
async def test_a_key_that_is_withdrawn_is_held_no_longer() -> None:
    one = Ring()
    await one.refresh()
    key = one.ring.find("key-1", "ES256", one.now)
    assert one.ring.holds(key, one.now)
    one.issuer.rotate("key-2", keeps=False)
    one.now += one.spec.refresh_s
    await one.refresh()
    assert not one.ring.holds(key, one.now)


@on_loop
async def test_what_is_no_key_set_changes_nothing() -> None:
    one = Ring()
    await one.refresh()
    one.issuer.published = []
    one.now += one.spec.refresh_s
    await one.refresh()
    assert one.ring.failure == "it has no key that can be used"
    assert one.ring.find("key-1", "ES256", one.now).key_id == "key-1"
    one.issuer.is_away = True
    one.now += one.spec.refresh_s
    await one.refresh()
    assert "status 503" in (one.ring.failure or "")


@on_loop
async def test_the_algorithm_has_to_be_of_the_keys_kind_and_a_key_has_to_be_named() -> None:
    one = Ring()
    await one.refresh()
    assert one.ring.find(None, "ES256", one.now).key_id == "key-1"
    for kid, algorithm in (("key-1", "RS256"), ("key-1", "HS256"), (None, "RS256")):
        with pytest.raises(AuthenticationFailed, match="which key"):
            one.ring.find(kid, algorithm, one.now)
    assert await one.refresh() == one.spec.refresh_s


@on_loop
async def test_a_reload_keeps_the_keys_of_the_same_issuer_alone() -> None:
    one = Ring()
    await one.refresh()
    same, other = Keyring(one.spec), Ring(jwks_url="https://other.example/jwks").ring
    for ring in (same, other):
        ring.inherit(one.ring)
        ring.inherit("something else")
    assert same.find("key-1", "ES256", one.now).key_id == "key-1"
    assert await same.refresh(one.fetch, one.now) == one.now + one.spec.refresh_s
    with pytest.raises(IssuerUnavailable):
        other.find("key-1", "ES256", one.now)


@on_loop
async def test_keys_in_the_configuration_are_never_fetched() -> None:
    key = SigningKey("EdDSA")
    one = Ring(jwks=json.dumps({"keys": [key.jwk(kid="k")]}), jwks_url="")
    assert await one.refresh() == math.inf
    assert one.ring.origins == ()
    assert one.ring.find("k", "EdDSA", one.now).key_id == "k"
    with pytest.raises(AuthenticationFailed, match="does not publish"):
        one.ring.find("other", "EdDSA", one.now)
    with pytest.raises(ConfigurationError, match=r"issuers.here.jwks: it is no JSON object"):
        Ring(jwks="{")


def test_an_issuer_is_asked_at_its_own_address() -> None:
    of_issuer = Keyring(IssuerSpec("i", "https://i.example/realm"))
    of_keys = Keyring(IssuerSpec("i", "https://i.example", jwks_url="https://keys.example:8443/k"))
    assert [ring.origins[0].authority for ring in (of_issuer, of_keys)] == ["i.example", "keys.example:8443"]

"""The holder of credentials: fresh in time, still there when the source is away."""

from __future__ import annotations

import asyncio
import math

import pytest

from stellwerk.cloud.aws_credentials import Credentials
from stellwerk.cloud.refreshing import FIRST_RETRY_S, REFRESH_BEFORE_S, RETRY_S, Bearing, Refreshing, Renewed, Token
from stellwerk.core.wire import WireRequest
from stellwerk.errors import UpstreamCredentials
from stellwerk.ports.credential import Fetch
from tests.unit.cloud.sources import NOW, Services

HOUR_S = 3600.0
FETCH = Services({})


class Source:
    """Gives credentials that live for an hour, or fails."""

    def __init__(self, life_s: float = HOUR_S) -> None:
        self.life_s = life_s
        self.is_away = False
        self.count = 0

    async def __call__(self, fetch: Fetch, now: float) -> Credentials:
        """The next credentials."""
        assert fetch is FETCH
        self.count += 1
        if self.is_away:
            raise UpstreamCredentials("away")
        return Credentials(f"ASIA{self.count}", "secret", "token", now + self.life_s)


def refresh(holder: Refreshing[Credentials], now: float) -> float:
    return asyncio.run(holder.refresh(FETCH, now))


def test_there_are_none_before_the_first_refresh() -> None:
    holder = Refreshing(Source())
    with pytest.raises(UpstreamCredentials, match="not been fetched"):
        holder.current()
    assert refresh(holder, NOW) == NOW + HOUR_S - REFRESH_BEFORE_S
    assert holder.current().access_key_id == "ASIA1"


def test_new_ones_are_asked_for_in_time_and_not_before() -> None:
    source = Source()
    holder = Refreshing(source)
    due = refresh(holder, NOW)
    assert refresh(holder, due - 1) == due
    assert source.count == 1
    assert refresh(holder, due) == due + HOUR_S - REFRESH_BEFORE_S
    assert holder.current().access_key_id == "ASIA2"


@pytest.mark.parametrize(("life_s", "next_s"), [(600.0, 300.0), (20.0, RETRY_S), (math.inf, math.inf)])
def test_a_short_life_is_renewed_at_its_half_and_an_endless_one_never(life_s: float, next_s: float) -> None:
    assert refresh(Refreshing(Source(life_s)), NOW) == NOW + next_s


def test_while_the_source_is_away_those_at_hand_are_used() -> None:
    source = Source()
    holder = Refreshing(source)
    due = refresh(holder, NOW)
    source.is_away = True
    assert refresh(holder, due) == due + RETRY_S
    assert holder.current().access_key_id == "ASIA1"
    assert holder.failure == "away"
    source.is_away = False
    refresh(holder, due + RETRY_S)
    assert holder.current().access_key_id == "ASIA3"
    assert holder.failure is None


def test_a_source_that_was_never_there_is_told_of() -> None:
    source = Source()
    source.is_away = True
    holder = Refreshing(source)
    pauses = [refresh(holder, NOW) - NOW for _ in range(20)]
    assert pauses[:4] == [FIRST_RETRY_S, 2 * FIRST_RETRY_S, 4 * FIRST_RETRY_S, 8 * FIRST_RETRY_S]
    assert set(pauses[5:]) == {RETRY_S}
    with pytest.raises(UpstreamCredentials, match="away"):
        holder.current()


def test_a_known_key_is_never_asked_for() -> None:
    source = Source()
    holder = Refreshing(source, Credentials("AKIA", "secret"))
    assert refresh(holder, NOW) == math.inf
    assert source.count == 0


def test_what_has_expired_is_asked_for_as_urgently_as_what_never_was() -> None:
    source = Source(600.0)
    holder = Refreshing(source)
    due = refresh(holder, NOW)
    source.is_away = True
    assert refresh(holder, due) == due + RETRY_S
    source.is_away = False
    refresh(holder, due)
    source.is_away = True
    assert refresh(holder, NOW + 2_000) == NOW + 2_000 + FIRST_RETRY_S


def test_credentials_of_the_same_source_are_inherited_and_others_are_not() -> None:
    former, same, other, unnamed = (Refreshing(Source(), source=name) for name in ("a", "a", "b", None))
    due = refresh(former, NOW)
    for holder in (same, other, unnamed):
        holder.inherit(former)
    assert same.current() is former.current()
    assert refresh(same, NOW) == due
    for holder in (other, unnamed):
        with pytest.raises(UpstreamCredentials):
            holder.current()


def test_after_a_rotation_the_old_ones_serve_until_the_new_ones_have_come() -> None:
    former, heir, stranger = (Refreshing(Source(), source=name, identity=name[0]) for name in ("a1", "a2", "b1"))
    refresh(former, NOW)
    for holder in (heir, stranger):
        holder.inherit(former)
    assert heir.current() is former.current()
    assert heir.failure is None
    refresh(heir, NOW)
    assert heir.current() is not former.current()
    with pytest.raises(UpstreamCredentials):
        stranger.current()


def test_a_provider_without_a_holder_never_refreshes() -> None:
    provider, former = Bearing(), Bearing()
    former.holder = Refreshing(Source(), source="a")
    provider.inherit(former)
    assert asyncio.run(provider.refresh(FETCH, NOW)) == math.inf
    assert provider.failure is None
    request = WireRequest(b"/", b"", b"")
    assert provider.sign(request, NOW) is request


def test_a_provider_inherits_from_its_like_alone() -> None:
    provider, former = Renewed(), Renewed()
    provider.holder, former.holder = (Refreshing(Source(), source="a") for _ in range(2))
    asyncio.run(former.refresh(FETCH, NOW))
    provider.inherit(object())
    provider.inherit(Renewed())
    with pytest.raises(UpstreamCredentials):
        provider.holder.current()
    provider.inherit(former)
    assert provider.holder.current() is former.holder.current()
    assert provider.failure is None


def test_a_request_carries_the_token_of_the_moment() -> None:
    tokens = iter([Token("first", NOW + 600), Token("second", NOW + 1_200)])

    async def load(fetch: Fetch, now: float) -> Token:
        del fetch, now
        return next(tokens)

    provider = Bearing()
    provider.holder = Refreshing(load)
    request = WireRequest(b"/x", b"a: b\r\n", b"body", b"GET")
    with pytest.raises(UpstreamCredentials):
        provider.sign(request, NOW)
    for value in ("first", "second"):
        asyncio.run(provider.refresh(FETCH, NOW + 300 * (value == "second")))
        for _ in range(2):
            signed = provider.sign(request, NOW)
            assert signed.fields == b"a: b\r\nauthorization: Bearer %b\r\n" % value.encode()
            assert (signed.path, signed.body, signed.method) == (request.path, request.body, request.method)


@pytest.mark.parametrize("value", ["", "a b", "a\r\nx: y", "ä"])
def test_what_could_split_a_header_is_no_token(value: str) -> None:
    with pytest.raises(ValueError, match="visible ASCII") as refused:
        Token(value, NOW)
    assert not value or value not in str(refused.value)
    assert "secret" not in repr(Token("secret", NOW))

"""Credentials as values, and their holder: fresh in time, still there when the source is away."""

from __future__ import annotations

import asyncio
import math

import pytest

from stellwerk.cloud.aws_credentials import REFRESH_BEFORE_S, RETRY_S, Credentials, Refreshing
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


def refresh(holder: Refreshing, now: float) -> float:
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
    assert refresh(holder, NOW) == NOW + RETRY_S
    with pytest.raises(UpstreamCredentials, match="away"):
        holder.current()


def test_a_known_key_is_never_asked_for() -> None:
    source = Source()
    holder = Refreshing(source, Credentials("AKIA", "secret"))
    assert refresh(holder, NOW) == math.inf
    assert source.count == 0


@pytest.mark.parametrize(
    "parts",
    [("", "s", ""), ("a", "", ""), ("a\r\nx: y", "s", ""), ("a", "s\n", ""), ("a", "s", "tok en"), ("ä", "s", "")],
)
def test_what_could_split_a_header_is_no_credential_and_is_not_repeated(parts: tuple[str, str, str]) -> None:
    with pytest.raises(ValueError, match="credentials") as refused:
        Credentials(*parts)
    assert "x: y" not in str(refused.value)


def test_a_secret_is_not_shown() -> None:
    shown = repr(Credentials("AKIA", "very-secret", "very-token"))
    assert shown == "Credentials('AKIA')"

"""Asking for access tokens: what counts as one, and that no answer does worse than fail."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.cloud.refreshing import Token
from stellwerk.cloud.tokens import ask
from stellwerk.errors import UpstreamCredentials
from tests.unit.cloud.sources import NOW, Services

URL = "https://tokens.test/token"


def asked(body: bytes, status: int = 200) -> Token:
    """The token in an answer."""
    return asyncio.run(ask(Services({("POST", URL): (status, body)}), "POST", URL, {}, {"a": "b c"}, NOW))


@pytest.mark.parametrize(
    "life", ['"expires_in":60', '"expires_in":"60"', '"expires_on":"1763900060"', '"expires_on":1763900060']
)
def test_a_life_is_told_in_either_way(life: str) -> None:
    assert asked(b'{"access_token":"t",%b}' % life.encode()) == Token("t", NOW + 60)


@pytest.mark.parametrize("form", [{"a": "b c"}, None])
def test_a_form_says_that_it_is_one(form: dict[str, str] | None) -> None:
    services = Services({("GET", URL): (200, b'{"access_token":"t","expires_in":60}')})
    asyncio.run(ask(services, "GET", URL, {"x": "y"}, form, NOW))
    kind = {"content-type": "application/x-www-form-urlencoded"} if form else {}
    assert services.asked == [("GET", URL, {"x": "y", **kind}, b"a=b+c" if form else b"")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"access_token":"t"}',
        b'{"access_token":7,"expires_in":60}',
        b'{"access_token":"t","expires_in":0}',
        b'{"access_token":"t","expires_in":"soon"}',
        b'{"access_token":"t","expires_in":[]}',
        b'{"access_token":"t","expires_on":"nan"}',
        b'{"access_token":"t","expires_in":1e300}',
        b'{"access_token":"a\\r\\nb","expires_in":60}',
    ],
)
def test_an_answer_without_a_token_that_can_be_used_is_a_failure(body: bytes) -> None:
    with pytest.raises(UpstreamCredentials, match="can be read"):
        asked(body)


@given(
    st.binary(max_size=60)
    | st.dictionaries(
        st.sampled_from(["access_token", "expires_in", "expires_on", "error"]),
        st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    ).map(msgspec.json.encode),
    st.sampled_from([200, 400]),
)
def test_whatever_comes_is_a_token_or_a_failure(body: bytes, status: int) -> None:
    with suppress(UpstreamCredentials):
        assert asked(body, status).expires_s > NOW


def test_a_refusal_is_told_by_its_word_and_not_by_its_words() -> None:
    with pytest.raises(UpstreamCredentials) as refused:
        asked(b'{"error":"invalid_grant","error_description":"secret s3cr3t is wrong"}', 400)
    assert refused.value.message.endswith("tokens.test answered with status 400 (invalid_grant).")
    with pytest.raises(UpstreamCredentials, match=r"status 500\.$"):
        asked(b"<html>", 500)


def test_nobody_who_answers_is_a_failure() -> None:
    with pytest.raises(UpstreamCredentials, match="no route"):
        asyncio.run(ask(Services({}), "POST", URL, {}, {}, NOW))

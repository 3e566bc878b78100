"""Calls from browsers: allowed for the origins that the configuration names, and for no other."""

from __future__ import annotations

from stellwerk.core.snapshot import CorsSpec
from stellwerk.http.cors import Cors

HERE = b"https://app.example.com"
ASKING = {b"origin": HERE, b"access-control-request-method": b"POST"}


def some(*origins: str) -> Cors:
    """The rules for these origins."""
    cors = Cors.of(CorsSpec(origins or ("https://app.example.com", "http://localhost:3000/"), max_age_s=60))
    assert cors is not None
    return cors


def lines(block: bytes | None) -> dict[bytes, bytes]:
    """A header block as a mapping."""
    assert block is not None
    assert not block or block.endswith(b"\r\n")
    pairs = [line.partition(b": ") for line in block.split(b"\r\n")[:-1]]
    return {name: value for name, _, value in pairs}


def test_without_origins_there_are_no_rules() -> None:
    assert Cors.of(None) is None
    assert Cors.of(CorsSpec(())) is None


def test_a_named_origin_is_confirmed_and_caches_are_told() -> None:
    for origin in (HERE, b"http://localhost:3000"):
        assert lines(some().fields({b"origin": origin})) == {
            b"access-control-allow-origin": origin,
            b"access-control-expose-headers": b"*",
            b"vary": b"origin",
        }


def test_another_origin_is_told_nothing() -> None:
    for origin in (b"https://evil.example.com", b"https://app.example.com.evil.test", b"null", b"", HERE.upper()):
        assert lines(some().fields({b"origin": origin})) == {b"vary": b"origin"}
        assert some().preflight(ASKING | {b"origin": origin}) is None


def test_an_answer_to_whoever_is_no_browser_still_varies() -> None:
    assert lines(some().fields({})) == {b"vary": b"origin"}
    assert some("*").fields({}) == b""


def test_every_origin_may_be_allowed() -> None:
    assert lines(some("*").fields({b"origin": b"https://anyone.test"}))[b"access-control-allow-origin"] == b"*"
    assert some("*").preflight(ASKING) is not None


def test_credentials_are_never_allowed() -> None:
    for cors in (some(), some("*")):
        assert b"credentials" not in cors.fields({b"origin": HERE}) + (cors.preflight(ASKING) or b"")


def test_a_preflight_is_told_what_it_may_do() -> None:
    told = lines(some().preflight(ASKING | {b"access-control-request-headers": b"authorization, x-title"}))
    assert told[b"access-control-allow-headers"] == b"authorization, x-title"
    assert b"POST" in told[b"access-control-allow-methods"]
    assert told[b"access-control-max-age"] == b"60"
    assert lines(some().preflight(ASKING))[b"access-control-allow-headers"] == b"*"


def test_what_is_no_preflight_is_none() -> None:
    assert some().preflight({b"origin": HERE}) is None
    assert some().preflight({b"access-control-request-method": b"POST"}) is None


def test_nothing_that_a_caller_sends_splits_the_answer() -> None:
    asking = ASKING | {b"access-control-request-headers": b"a\r\nset-cookie: b"}
    assert lines(some().preflight(asking))[b"access-control-allow-headers"] == b"*"
    assert b"\r\nx: y" not in some("*").fields({b"origin": b"https://a.test\r\nx: y"})

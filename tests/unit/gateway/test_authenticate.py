"""Keys: where they are looked for, who is found by them, and that nothing about them is told."""

from __future__ import annotations

import gc

import pytest

from stellwerk.core.identity import Principal
from stellwerk.errors import AuthenticationFailed
from stellwerk.gateway.directory import Directory, digest
from stellwerk.gateway.stages.authenticate import authenticate

WEB = Principal("web", "shop", None)
INTERN = Principal("intern", "", frozenset({"plain"}))
DIRECTORY = Directory({"web-key": WEB, "intern-key": INTERN, "schl\u00fcssel": WEB})


@pytest.mark.parametrize(
    "headers",
    [
        {b"authorization": b"Bearer web-key"},
        {b"authorization": b"bearer web-key"},
        {b"authorization": b"BEARER   web-key  "},
        {b"x-api-key": b"web-key"},
        {b"x-goog-api-key": b"web-key"},
        {b"authorization": b"Basic d2ViOmtleQ==", b"x-api-key": b"web-key"},
        {b"x-api-key": b"", b"x-goog-api-key": b"web-key"},
        {b"authorization": "Bearer schl\u00fcssel".encode()},
    ],
    ids=repr,
)
def test_a_key_is_found_in_each_of_its_headers(headers: dict[bytes, bytes]) -> None:
    assert authenticate(headers, DIRECTORY) is WEB


def test_the_authorization_header_comes_first() -> None:
    both = {b"authorization": b"Bearer intern-key", b"x-api-key": b"web-key"}
    assert authenticate(both, DIRECTORY) is INTERN


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {b"authorization": b""},
        {b"authorization": b"Bearer "},
        {b"authorization": b"Bearer"},
        {b"authorization": b"web-key"},
        {b"authorization": b"Basic web-key"},
        {b"x-api-key": b""},
    ],
    ids=repr,
)
def test_who_sends_no_key_is_told_how(headers: dict[bytes, bytes]) -> None:
    with pytest.raises(AuthenticationFailed, match="didn't provide"):
        authenticate(headers, DIRECTORY)


@pytest.mark.parametrize(
    "key", [b"web-kez", b"web-key2", b"web-ke", b"WEB-KEY", b"web-key\x00", b"\xff", b"x" * 60_000]
)
def test_a_wrong_key_is_refused_without_being_repeated(key: bytes) -> None:
    with pytest.raises(AuthenticationFailed) as refused:
        authenticate({b"x-api-key": key}, DIRECTORY)
    assert key.decode("latin-1") not in str(refused.value)


def test_a_directory_keeps_no_key() -> None:
    directory = Directory({"web-key-that-nobody-else-holds": WEB})
    held = [thing for thing in gc.get_referents(directory._principals) if isinstance(thing, bytes)]
    assert len(held) == 1
    assert b"web-key" not in held[0]
    assert directory.find(b"web-key-that-nobody-else-holds") is WEB


def test_digests_tell_equal_from_different_and_nothing_else() -> None:
    assert digest(b"a") == digest(b"a") != digest(b"b")
    assert len(digest(b"")) == len(digest(b"x" * 1_000)) == 16

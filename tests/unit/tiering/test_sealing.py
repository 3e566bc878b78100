"""Seals of entries: what was sealed comes back, and nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.tiering.sealing import Checksum, Encryption, Seal, seal_of

SECRET = "a secret that nobody guesses, ever"
SEALS = (Checksum(), Encryption(SECRET))


@given(st.binary(min_size=1, max_size=2_000), st.sampled_from(SEALS))
def test_what_was_sealed_comes_back(blob: bytes, seal: Seal) -> None:
    assert seal.unseal(seal.seal(blob)) == blob


@given(st.binary(min_size=1, max_size=200), st.sampled_from(SEALS), st.data())
def test_what_was_changed_does_not(blob: bytes, seal: Seal, data: st.DataObject) -> None:
    content = bytearray(seal.seal(blob))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    assert seal.unseal(bytes(content)) is None
    cut = data.draw(st.integers(0, len(content) - 1))
    assert seal.unseal(seal.seal(blob)[:cut]) is None


@given(st.binary(max_size=100))
def test_nonsense_is_nothing(content: bytes) -> None:
    assert SEALS[1].unseal(content) is None


def test_an_encrypted_entry_shows_nothing_and_needs_its_secret() -> None:
    one, other = Encryption(SECRET), Encryption(SECRET + "!")
    content = one.seal(b"account 4711" * 20)
    assert b"account" not in content
    assert one.seal(b"account 4711" * 20) != content
    assert other.unseal(content) is None
    assert Checksum().unseal(content) is None
    assert one.unseal(Checksum().seal(b"account")) is None


def test_a_secret_that_can_be_guessed_is_none() -> None:
    assert isinstance(seal_of(""), Checksum)
    assert isinstance(seal_of(SECRET), Encryption)
    with pytest.raises(ValueError, match="32"):
        seal_of("short")

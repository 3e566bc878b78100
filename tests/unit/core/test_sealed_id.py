"""Sealed ids: opaque, bound to place and owner, and nothing that anybody can make up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.sealed_id import MARK, Sealer, Unsealed, is_sealed, place_of

SEALER = Sealer(b"s" * 32)
PLACE = place_of("openai", "sk-1")
ORIGINAL = "file-abcdefghijklmnopqrstuv"
SEALED = SEALER.seal(ORIGINAL, PLACE, "team shop")

ids = st.text(max_size=200)
owners = st.text(max_size=40)


@given(ids, st.binary(min_size=8, max_size=8), owners)
def test_what_is_sealed_is_unsealed_by_its_owner(original: str, place: bytes, owner: str) -> None:
    sealed = SEALER.seal(original, place, owner)
    assert SEALER.unseal(sealed, owner) == Unsealed(place, original)
    assert is_sealed(sealed)
    assert sealed == SEALER.seal(original, place, owner)


@given(ids, owners, owners)
def test_another_owner_cannot_unseal_it(original: str, owner: str, other: str) -> None:
    sealed = SEALER.seal(original, PLACE, owner)
    assert (SEALER.unseal(sealed, other) is None) == (owner != other)


@given(st.integers(0, len(SEALED) - 1), st.characters(codec="ascii"))
def test_a_changed_character_makes_it_nothing(at: int, character: str) -> None:
    changed = SEALED[:at] + character + SEALED[at + 1 :]
    assert (SEALER.unseal(changed, "team shop") is None) == (changed != SEALED)


@given(st.text())
def test_nothing_that_was_not_sealed_is_unsealed(text: str) -> None:
    assert SEALER.unseal(text, "team shop") is None
    assert SEALER.unseal(f"file-{MARK}{text}", "team shop") is None


def test_it_keeps_its_prefix_and_hides_the_rest() -> None:
    assert SEALED.startswith("file-sw_")
    assert ORIGINAL[5:] not in SEALED
    assert SEALER.seal("0f3e", PLACE, "x").startswith(MARK)


def test_another_prefix_or_a_longer_spelling_is_another_id() -> None:
    assert SEALER.unseal(SEALED.replace("file-", "batch_", 1), "team shop") is None
    assert SEALER.unseal(SEALED + "A", "team shop") is None
    assert SEALER.unseal(SEALED + "=", "team shop") is None
    assert SEALER.unseal(SEALED[:-2], "team shop") is None


def test_another_secret_or_place_seals_differently() -> None:
    assert Sealer(b"t" * 32).unseal(SEALED, "team shop") is None
    assert SEALER.seal(ORIGINAL, place_of("openai", "sk-2"), "team shop") != SEALED
    assert len({place_of("a", "bc"), place_of("ab", "c"), place_of("a", "b")}) == 3


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(b"short")

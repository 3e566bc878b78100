"""What a request's record says of the entries that it had to do with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.cache_record import Concerned, answered_from, concerned, judged, kept_under
from stellwerk.core.cached import Entry

OWN, SHARED = b"o" * 16, b"s" * 16


def entry(tenant: str) -> Entry:
    return Entry(
        SHARED,
        b"c" * 16,
        tenant,
        "m",
        "p/m",
        "openai_chat",
        is_stream=False,
        answer=b"",
        stored_ms=0,
        fresh_ms=1,
        stale_ms=1,
    )


@pytest.mark.parametrize("tier", ["exact", "normalized", "semantic"])
def test_an_answer_that_was_served_is_everybodys_or_one_keys(tier: str) -> None:
    assert concerned(f"{tier}; {answered_from(entry('team:acme/shop'))}") == Concerned((SHARED,))
    assert concerned(f"{tier}; {answered_from(entry('everyone'))}") == Concerned((SHARED,))
    assert concerned(f"{tier}; {answered_from(entry('key:acme/shop/web/jane'))}") == Concerned((), (SHARED,))
    assert concerned(f"{tier}; entry={SHARED.hex()}") == Concerned((), (SHARED,))  # of an older version


def test_an_answer_that_was_kept_lies_under_one_of_two_keys() -> None:
    told = kept_under((OWN, SHARED), ("key:acme/shop/web/", "team:acme/shop"))
    beside = f"reason=mismatch entry={'ab' * 16} chance=0.5"
    for record in (f"miss; {told}", f"miss; {beside} {told}", f"exact; {told}"):
        assert concerned(record) == Concerned((SHARED,), (OWN,))
    told = kept_under((OWN, SHARED), ("key:acme/shop/web/", "key:acme/shop/web"))
    assert concerned(f"miss; {told}") == Concerned((), (SHARED, OWN))


def test_a_miss_beside_another_entry_concerns_nothing() -> None:
    assert concerned("miss; kept=no-key of=everyone own=ab") == Concerned()
    assert concerned(f"miss; reason=below entry={'ab' * 16}") == Concerned()


@given(st.tuples(*[st.floats(allow_nan=False, width=32)] * 4))
def test_evidence_comes_back_nearly_as_it_was(evidence: tuple[float, float, float, float]) -> None:
    found = concerned(f"semantic; entry={SHARED.hex()} {judged(entry('everyone'), evidence)}")
    assert found.shared == (SHARED,)
    assert found.evidence == pytest.approx(evidence, rel=1e-5)
    assert concerned(f"semantic; {judged(entry('everyone'), None)}").evidence is None


@given(st.text(st.sampled_from("mis; entryofkp=,0123456789abcdef.")))
def test_no_text_is_too_odd(record: str) -> None:
    found = concerned(record)
    assert all(len(key) == 16 for key in (*found.shared, *found.own))

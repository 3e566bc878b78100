"""How pseudonyms are found, and values known again."""

from __future__ import annotations

import pytest

from stellwerk.core.pseudonym import PLAIN, Notation, digest, inflected, normalised, spelled
from stellwerk.core.synthetic_seal import SyntheticSeal
from stellwerk.core.taxonomy import Pii


def test_each_spelling_is_found_once_with_its_brackets() -> None:
    text = "<PERSON_1> \\<us\\_ssn\\_22\\> PERSON_3s &lt;Person_4&gt; person_5 PERSON_6x XPERSON_7 <PERSON_8"
    found = [(text[one.start : one.end], one.type, one.number) for one in PLAIN.pseudonyms(text)]
    assert found == [
        ("<PERSON_1>", "PERSON", 1),
        ("\\<us\\_ssn\\_22\\>", "US_SSN", 22),
        ("PERSON_3", "PERSON", 3),
        ("&lt;Person_4&gt;", "PERSON", 4),
        ("PERSON_8", "PERSON", 8),
    ]
    assert spelled(Pii.US_SSN, 22) == "<US_SSN_22>"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a <", 2), ("a \\", 2), ("a &l", 2), ("a <PERSON", 2), ("a <PERSON\\", 2), ("a <PERSON_1", 2),
        ("a <person_1 ", 2),
        ("a PERSON_1", 2), ("a PERSON_1s", 2), ("a P", 2), ("a &lt;PERSON_1&g", 2),
        ("a <PERSON_1>", 12), ("a <PERSON_1 x", 13),
        ("a PERSON_1sx", 12), ("a p", 3), ("a <b", 4), ("a <PERSON_1x", 12), ("<< PERSON_1", 1), ("", 0),
    ],
)  # fmt: skip
def test_what_may_become_one_is_seen(text: str, where: int) -> None:
    assert PLAIN.unfinished(text) == where


def test_what_looks_alike_is_found_in_any_surroundings() -> None:
    text = "xPERSON_1y <person_22> no_thing"
    assert [text[start:end] for start, end in PLAIN.look_alikes(text)] == ["PERSON_1", "<person_22"]
    assert PLAIN.look_alikes("nothing") == []


def test_a_policys_own_names_are_types_too() -> None:
    own = Notation(["BOOKING", "room-key", "Person", "ID_2", "MY_PERSON"])
    text = "<BOOKING_1> BOOKING_2 <booking\\_3> <ROOM-KEY_4> room-key_5 <person_6> <ID_2_7> <ID_8> &lt;my_person_9&gt;"
    assert [(one.type, one.number) for one in own.pseudonyms(text)] == [
        ("BOOKING", 1),
        ("BOOKING", 2),
        ("BOOKING", 3),
        ("room-key", 4),
        ("PERSON", 6),
        ("ID_2", 7),
        ("MY_PERSON", 9),
    ]
    assert [one.type for one in PLAIN.pseudonyms(text)] == ["PERSON"]
    assert (own.kind_of("Booking"), own.kind_of("PERSON"), own.kind_of("ID")) == ("BOOKING", "PERSON", None)
    assert [text[start:end] for start, end in own.look_alikes("room-key_5 <ROOM-KEY_4")] != []
    for begun in ("<BOOK", "<room-k", "<ROOM-KEY_12", "&lt;my\\_person_9&g", "BOOKI", "ID_2_"):
        assert own.unfinished(f"so {begun}") == 3
    assert own.unfinished("so room-k") == 9  # a bare one has to be in capitals
    long = Notation(["A" * 64])
    assert long.unfinished("&lt;" + "A" * 64 + "_123456") == 0


def test_digests_are_of_one_key_conversation_type_and_value() -> None:
    one = digest(b"k", "c", "PERSON", "Anna")
    assert one == digest(b"k", "c", "PERSON", "anna")
    others = {
        digest(b"x", "c", "PERSON", "Anna"),
        digest(b"k", "d", "PERSON", "Anna"),
        digest(b"k", "c", "URL", "Anna"),
    }
    assert one not in others
    assert normalised("URL", "A b") == "A b"


def test_names_have_endings_only_where_the_name_is_known() -> None:
    assert inflected(Pii.PERSON, "Müllers", {"Müller"}) == ("Müller", "s")
    assert inflected(Pii.PERSON, "Jonas", ()) == ("Jonas", "")
    assert inflected(Pii.PERSON, "Anna\u2019s", ()) == ("Anna", "\u2019s")
    assert inflected(Pii.PERSON, "s", ()) == ("s", "")
    assert inflected(Pii.URL, "as", {"a"}) == ("as", "")


def test_a_seal_needs_a_whole_secret_and_opens_for_its_owner_alone() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        SyntheticSeal(b"short", b"vault")
    seal = SyntheticSeal(b"s" * 32, b"vault")
    packed = seal.seal(b"content" * 30, "owner")
    assert b"content" not in packed
    assert seal.unseal(packed, "owner") == b"content" * 30
    assert seal.unseal(packed, "other") is None
    assert seal.unseal(packed[:-1] + bytes([packed[-1] ^ 1]), "owner") is None
    assert SyntheticSeal(b"s" * 32, b"other").unseal(packed, "owner") is None
    assert seal.unseal(seal.seal(b"", "owner"), "owner") == b""

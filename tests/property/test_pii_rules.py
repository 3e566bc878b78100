"""Rules are tried only where a look at the text says that a hit can begin: that finds what trying everywhere finds."""

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stellwerk.guardrails.pii import RULES
from stellwerk.text.canonical import canonicalise
from stellwerk.text.pii.scan import Scan
from stellwerk.text.pii.spelled import ADDRESS, NUMBER, SPACED, addresses, may_count

PIECES = [
    *"0123456789 .,:;-/+()@'#\nxCDEaf",
    *("DE89 3704 0044 0532 0130 00", "+49 30 ", "(0711) 37", "030/", "212-555-0143", "1.2.1990", "geb. ", "born "),
    *(
        "3. März 1960",
        "May 3, 2001",
        "Haupt",
        "straße 12",
        "Am Alten Markt 3a",
        " Road",
        "12 Main St.",
        "Flat 2, Ash Road",
    ),
    *("a.b@example.org", "o'hara@x.de", "https://", "www.", "ftp://a", "postgres://u:p@h", "Apt. ", "suite 4"),
    *("2001:db8::1", "::", "192.0.2.17", "15 070649 C 103", "4111 1111 1111 1111", "AB 12 34 56 C", "call me ", "ssn "),
    *("a" * 63, "1" * 9, "'" * 3, "Kennzeichen HD R 7680", "A123456780", "punkt"),
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=16).map("".join)


@settings(max_examples=300)
@given(text=TEXTS)
def test_rules_find_at_their_places_what_they_find_anywhere(text: str) -> None:
    scan = Scan(canonicalise(text).text)
    for rule in RULES:
        anywhere = msgspec.structs.replace(rule, places=None)
        assert list(rule.spans(scan)) == list(anywhere.spans(scan)), rule.pattern


AT = st.sampled_from(
    [
        *" .-+\nä",
        *("max", " at ", " (at) ", "[at]", "( ät )", " AT ", " dot ", " punkt ", "[.]", "example", "de", "att"),
    ]
)
COUNTED = st.sampled_from(["null", "eins", "zwei", " ", ", ", ",", ".", "(", "x", "acht ", "four ", " seven"])


@given(st.lists(AT | st.just("y" * 63), max_size=40).map("".join))
def test_addresses_in_words_are_those_that_the_pattern_finds(text: str) -> None:
    assert [hit.span() for hit in addresses(text)] == [hit.span() for hit in ADDRESS.finditer(text)]


@given(st.lists(COUNTED, max_size=40).map("".join))
@example("call null eins sieben neun acht vier null, please")
@example("(null, eins, sieben, neun, acht, vier, null)")
def test_where_a_number_in_words_can_be_is_told_by_its_words(text: str) -> None:
    if NUMBER.search(text) is not None and sum(map(text.count, SPACED)) >= 6:
        assert may_count(text)

"""Rules are tried only where a look at the text says that a hit can begin: that finds what trying everywhere finds."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from stellwerk.guardrails.pii import RULES
from stellwerk.text.canonical import canonicalise
from stellwerk.text.pii.scan import Scan

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

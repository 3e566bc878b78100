"""Of pseudonyms: what was taken out of a text comes back into it, whatever the text, and wherever a stream is cut."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stellwerk.core.part import Text, ToolCall
from stellwerk.core.pseudonym import PLAIN, Notation, spelled
from stellwerk.core.stream import StreamEvent, TextDelta
from stellwerk.core.taxonomy import Breach, Pii
from stellwerk.core.verdict import Span
from stellwerk.guardrails.pii import personal_data
from stellwerk.screening.restoring import restore_reply, restored, stream_restorer
from stellwerk.screening.vault import Vault
from tests.unit.screening.panels import arguments_of, called, reply, splits, streamed, text_of

KEY = b"k" * 32
VALUES = st.sampled_from(["Anna", "Erika Mustermann", 'O\'Neill "Bob"', "a\\b\nc", "Zoë 🙂", "DE89 3704", "<PERSON_9>"])
FILLER = st.text(alphabet=st.sampled_from("ab <>&lt;gt\\_u03cCeE%1PERSONLIURT/:w.'s\n")) | st.sampled_from(
    [
        "<PERSON_1>", "PERSON_1", "&lt;PERSON_1&gt;", "\\<PERSON\\_1\\>", "LITERAL_1", "<LITERAL_1", "EMAIL_ADDRESS_",
        "<", "\\", "%3CPERSON_1%3E", "\\u003cperson_1\\u003e", "person_1", "URL_12s", "\u017f PER\u017fON_1",
    ]
)  # fmt: skip
KINDS = st.sampled_from([Pii.PERSON, Pii.URL, Pii.EMAIL_ADDRESS])


def masked(parts: list[str | tuple[Pii, str]], vault: Vault) -> tuple[str, str]:
    """A text made of words and values, and the same with pseudonyms."""
    text = ""
    spans: list[Span] = []
    for part in parts:
        if isinstance(part, str):
            text += part
        else:
            spans.append(Span(len(text), len(text) + len(part[1]), part[0]))
            text += part[1]
    return text, vault.pseudonymise(text, spans).text


@given(st.lists(FILLER | st.tuples(KINDS, VALUES), max_size=8))
@settings(max_examples=400, deadline=None)
def test_what_goes_out_comes_back(parts: list[str | tuple[Pii, str]]) -> None:
    vault = Vault(KEY, "c")
    text, sent = masked(parts, vault)
    if "//" not in sent and "www." not in sent.lower():  # pseudonyms in URLs stay
        assert restored(sent, vault) == text


@given(st.lists(FILLER | st.tuples(KINDS, VALUES), max_size=6), st.lists(st.integers(1, 9), min_size=1, max_size=9))
@settings(max_examples=300, deadline=None)
def test_wherever_the_stream_is_cut(parts: list[str | tuple[Pii, str]], sizes: list[int]) -> None:
    vault = Vault(KEY, "c")
    _, sent = masked(parts, vault)
    sent += "".join(part for part in parts if isinstance(part, str))  # and what a model may make up
    pieces: list[str] = []
    while sent[sum(map(len, pieces)) :]:
        at = sum(map(len, pieces))
        pieces.append(sent[at : at + sizes[len(pieces) % len(sizes)]])
    events = streamed(pieces)
    restorer = stream_restorer(vault)
    assert text_of(out for event in events for out in restorer.feed(event)) == restored(sent, vault)


SPELLINGS = [
    "<PERSON_1>", "<person_1>", "**<PERSON_1>**", "&lt;PERSON_1&gt;", "PERSON_1", "`PERSON_1`", "\\<PERSON\\_1\\>",
    "< PERSON_1 >", "%3CPERSON_1%3E", "\\u003cPERSON_1\\u003e", "[PERSON_1]", "<PERSON_1>s", "PERSON_1s",
    "&#60;PERSON_1&#62;",
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_however_the_model_writes_it_and_wherever_that_is_cut(spelling: str) -> None:
    vault = Vault(KEY, "c")
    assert vault.token(Pii.PERSON, "Anna") == "<PERSON_1>"
    text = f"Then {spelling}, said <PERSON_12> and PERSON_12."
    whole = restored(text, vault)
    assert whole.count("Anna") == 1
    assert whole.endswith(", said <PERSON_12> and PERSON_12.")
    first = restore_reply(reply(Text(text)), vault).candidates[0].message.parts[0]
    assert isinstance(first, Text)
    assert first.text == whole
    for pieces in splits(text):
        restorer = stream_restorer(vault)
        assert text_of(out for event in streamed(pieces) for out in restorer.feed(event)) == whole


@given(st.dictionaries(st.text(max_size=5), st.lists(VALUES | st.text(max_size=5), max_size=3), max_size=4))
@settings(max_examples=100, deadline=None)
def test_arguments_of_tools_come_back_as_json_with_the_values(values: dict[str, list[str]]) -> None:
    vault = Vault(KEY, "c")
    names = {"Anna", "Erika Mustermann", 'O\'Neill "Bob"', "a\\b\nc", "Zoë 🙂"}
    sent = {
        key: [vault.token(Pii.PERSON, word) if word in names else vault.pseudonymise(word, ()).text for word in words]
        for key, words in values.items()
        if not list(PLAIN.pseudonyms(key))
    }
    wanted = {key: words for key, words in values.items() if key in sent}
    for text in (json.dumps(sent), json.dumps({"inner": json.dumps(sent, ensure_ascii=False)}, indent=1)):
        whole = restore_reply(reply(ToolCall("id0", "book", text)), vault).candidates[0].message.parts[0]
        assert isinstance(whole, ToolCall)
        told = json.loads(whole.arguments)
        assert (json.loads(told["inner"]) if isinstance(told.get("inner"), str) else told) == wanted
        pieces = [text[at : at + 3] for at in range(0, len(text), 3)]
        restorer = stream_restorer(vault)
        assert arguments_of([out for event in called(pieces) for out in restorer.feed(event)]) == whole.arguments


def test_nothing_is_held_that_cannot_become_a_pseudonym() -> None:
    for text in (
        "all of it is said. ",
        "in <b> and a < b ",
        "costs 5 % or PERSONAL things ",
        "PERSON_1, ",
        "<PERSON_1>",
    ):
        assert PLAIN.unfinished(text) == len(text)
    for kind in Pii:
        token = spelled(kind, 123456)
        for at in range(1, len(token)):
            assert PLAIN.unfinished("so " + token[:at]) == 3


def test_found_data_of_a_letter_make_the_round_trip_letter_by_letter() -> None:
    letter = (
        "Sehr geehrter Herr Dr. Hans Müller, Müllers Konto DE89 3704 0044 0532 0130 00 ist frei. Schreiben Sie an "
        "h.mueller@example.org oder rufen Sie +49 30 1234567 an. Mit freundlichen Grüßen\nErika Mustermann"
    )
    vault = Vault(KEY, "c")
    sent = vault.pseudonymise(letter, personal_data(letter)).text
    assert not any(value in sent for value in ("Hans", "Mustermann", "3704", "example.org", "1234567"))
    restorer = stream_restorer(vault)
    events: list[StreamEvent] = [TextDelta(character) for character in sent]
    out = [said for event in events for said in restorer.feed(event)]
    assert text_of([*out, *restorer.flush()]) == letter


OWN = Notation(["BOOKING", "room-key", "N_1"])
OWN_FILLER = st.sampled_from(
    ["<BOOKING_1>", "BOOKING_2", "room-key_1", "<ROOM-KEY_1", "N_1_1", "<N_1>", "&lt;booking_1&gt;", " ", "_", "x", "<"]
)


@given(st.lists(OWN_FILLER | st.tuples(st.sampled_from(["BOOKING", "room-key", "N_1"]), VALUES), max_size=8))
@settings(max_examples=120, deadline=None)
def test_what_has_a_name_of_the_policys_own_comes_back_too(parts: list[str | tuple[str, str]]) -> None:
    vault = Vault(KEY, "c", notation=OWN)
    text = ""
    spans: list[Span] = []
    for part in parts:
        value = part if isinstance(part, str) else part[1]
        if not isinstance(part, str):
            spans.append(Span(len(text), len(text) + len(value), Breach.PATTERN, 1.0, part[0]))
        text += value
    sent = vault.pseudonymise(text, spans).text
    assert restored(sent, vault) == text
    restorer = stream_restorer(vault)
    assert text_of(out for event in streamed(list(sent)) for out in restorer.feed(event)) == text

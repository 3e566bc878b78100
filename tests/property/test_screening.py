"""Of streams under guard: however an answer is cut into pieces, the caller gets what a whole one would have been."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stellwerk.core.part import Part, Refusal, Text, Thinking, ToolCall
from stellwerk.core.reply import Finish, Logprobs, StopReason, TokenLogprob
from stellwerk.core.stream import (
    AudioDelta,
    Finished,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
    ThinkingSigned,
    ToolCallDelta,
)
from stellwerk.core.taxonomy import Pii, Threat
from stellwerk.core.verdict import Action
from stellwerk.screening.edits import apply
from stellwerk.screening.holding import Hold
from stellwerk.screening.judging import Judgement, Panel
from stellwerk.screening.stream_guard import Mode, StreamGuard, guard_reply
from tests.unit.screening.panels import (
    PII,
    SECRETS,
    Rule,
    Word,
    arguments_of,
    called,
    panel,
    refused,
    reply,
    splits,
    streamed,
    text_of,
)

KEY = "-----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n" * 6 + "-----END PRIVATE KEY-----"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
SECRETS_HELD = {
    "an e-mail address": ("Schreiben Sie an anna.beispiel@example.org, danke.", "anna.beispiel@example.org"),
    "an IBAN in groups": ("Überweisen Sie auf DE89 3704 0044 0532 0130 00 bis Freitag.", "3704 0044"),
    "a card number": ("The card 4111 1111 1111 1111 was charged twice.", "1111 1111"),
    "a telephone number": ("Sie erreichen ihn unter +49 30 1234567 im Büro.", "1234567"),
    "a name after its cue": ("Ihr Ansprechpartner ist Herr Dr. Hans Müller aus Köln.", "Müller"),
    "a name in English": ("My name is Jonathan Archibald and I can help you.", "Archibald"),
    "a private key": (f"Here it is:\n{KEY}\nKeep it safe.", "MIIEvQ"),
    "a signed token": (f"Use the token {JWT} for that.", "eyJzdWIi"),
    "a URL with credentials": ("It is postgres://admin:geheim123@db.example.com/app as before.", "geheim123"),
    "a date of birth": ("Sie ist am 3. März 1980 geboren, also volljährig.", "1980"),
}
HOLDS = (Hold(stride=8), Hold(stride=32))


class Remembering(Panel):
    """Looks at each text once: the pieces differ, what is judged does not."""

    __slots__ = ("look",)

    def __init__(self, *rules: Rule) -> None:
        super().__init__(rules or (PII, SECRETS))
        self.look = cache(super().look)  # type: ignore[method-assign]


def guarded(events: list[StreamEvent], of: Panel, hold: Hold | None = None, mode: Mode = Mode.STREAM) -> StreamGuard:
    guard = StreamGuard(of, mode, hold)
    events[:] = [out for event in events for out in guard.feed(event)]
    return guard


@pytest.mark.parametrize("hold", HOLDS, ids=["short stride", "long stride"])
@pytest.mark.parametrize("what", SECRETS_HELD)
def test_a_value_split_anywhere_goes_out_as_little_as_one_in_a_whole_answer(what: str, hold: Hold) -> None:
    text, value = SECRETS_HELD[what]
    of = Remembering()
    edited, verdicts, _ = guard_reply(reply(Text(text)), of, hold=hold)
    whole = edited.candidates[0].message.parts[0]
    assert isinstance(whole, Text)
    assert value not in whole.text
    assert whole.text == apply(text, of.look(text).edits).text
    for pieces in splits(text):
        events = streamed(pieces)
        guard = guarded(events, of, hold)
        assert text_of(events) == whole.text
        assert guard.verdicts == verdicts
        assert events[-2:] == streamed(())[-2:]


@pytest.mark.parametrize("make", [TextDelta, RefusalDelta, ThinkingDelta])
def test_a_value_deep_in_a_long_answer_is_found_wherever_a_piece_ends(
    make: type[TextDelta | RefusalDelta | ThinkingDelta],
) -> None:
    filler = "the service is open on weekdays and closed on sundays as always. " * 6
    text = f"{filler}Fragen Sie Frau Erika Mustermann unter erika@example.org. {filler}"
    of = Remembering()
    wanted = apply(text, of.look(text).edits).text
    start = len(filler) - 5
    for at in range(start, start + 70):
        events = streamed((text[:at], text[at:]), make)
        guarded(events, of)
        assert text_of(events, make) == wanted


WORDS = st.lists(
    st.sampled_from(
        [
            "Herr", "Müller", "schreibt", "an", "a.b@example.org", "DE89 3704 0044 0532 0130 00", "+49 30", "1234567",
            "4111 1111 1111 1111", "und", "the", "\n", ". ", "Hauptstraße", "12", "<PERSON_1>",
            "tel", "漢字", "🙂", "x" * 90,
        ]
    ),
    max_size=40,
).map(" ".join)  # fmt: skip
PIECES = st.lists(st.integers(1, 40), min_size=1, max_size=12)


def cut(text: str, sizes: list[int]) -> list[str]:
    pieces: list[str] = []
    at = turn = 0
    while at < len(text):
        pieces.append(text[at : at + sizes[turn % len(sizes)]])
        at += sizes[turn % len(sizes)]
        turn += 1
    return pieces


@given(
    WORDS | st.text(max_size=300), PIECES, st.sampled_from([Hold(8, 32, 40, 32, 128), Hold(16), Hold(1, 1, 1, 1, 2)])
)
@settings(max_examples=120, deadline=None)
def test_the_pieces_make_no_difference(text: str, sizes: list[int], hold: Hold) -> None:
    of = Remembering(PII, SECRETS, Rule("word", Word("漢字"), Action.BLOCK))
    edited, verdicts, cut_whole = guard_reply(reply(Text(text)), of, hold=hold)
    events = streamed(cut(text, sizes))
    guard = guarded(events, of, hold)
    parts = edited.candidates[0].message.parts
    assert text_of(events) == "".join(part.text for part in parts if isinstance(part, Text))
    assert refused(events) == "".join(part.text for part in parts if isinstance(part, Refusal))
    assert guard.cut == cut_whole
    assert guard.verdicts == verdicts or not text
    finished = [event.finish for event in events if isinstance(event, Finished)]
    assert finished == [edited.candidates[0].finish]


@given(WORDS, PIECES, st.sampled_from([Mode.BUFFER, Mode.OBSERVE]))
@settings(max_examples=40, deadline=None)
def test_nor_do_they_for_answers_that_are_held_or_only_observed(text: str, sizes: list[int], mode: Mode) -> None:
    of = panel(PII, Rule("word", Word("漢字"), Action.BLOCK))
    edited, verdicts, cut_whole = guard_reply(reply(Text(text)), of, mode)
    before = streamed(cut(text, sizes))
    events = list(before)
    guard = guarded(events, of, mode=mode)
    parts = edited.candidates[0].message.parts
    assert text_of(events) == "".join(part.text for part in parts if isinstance(part, Text))
    assert guard.cut == cut_whole
    assert guard.verdicts == verdicts or not text
    if mode is Mode.OBSERVE:
        assert events == before


@given(st.dictionaries(st.sampled_from(["name", "iban", "card", "x"]), WORDS | st.integers(10**15, 10**17)), PIECES)
@settings(max_examples=60, deadline=None)
def test_arguments_of_tools_go_out_whole_and_stay_json(values: dict[str, str | int], sizes: list[int]) -> None:
    text = json.dumps(values)
    of = Remembering()
    edited, _, _ = guard_reply(reply(ToolCall("id0", "book", text)), of)
    whole = edited.candidates[0].message.parts[0]
    assert isinstance(whole, ToolCall)
    assert json.loads(whole.arguments).keys() == values.keys()
    assert "a.b@example.org" not in whole.arguments
    events = called(cut(text, sizes))
    guarded(events, of)
    assert arguments_of(events) == whole.arguments


PARTS = st.lists(
    st.builds(Text, WORDS)
    | st.builds(Refusal, WORDS)
    | st.builds(Thinking, WORDS, st.sampled_from([None, "proof"]))
    | st.builds(ToolCall, st.just("id"), st.just("book"), WORDS.map(lambda words: json.dumps({"text": words}))),
    max_size=6,
)


def events_of(parts: list[Part], sizes: list[int]) -> list[StreamEvent]:
    """The stream that says these parts."""
    events: list[StreamEvent] = []
    calls = 0
    for part in parts:
        match part:
            case Text():
                events += map(TextDelta, cut(part.text, sizes))
            case Refusal():
                events += map(RefusalDelta, cut(part.text, sizes))
            case Thinking():
                events += map(ThinkingDelta, cut(part.text, sizes))
                events += [ThinkingSigned(part.signature)] if part.signature else []
            case ToolCall():
                events += called(cut(part.arguments, sizes), call=calls)
                calls += 1
            case _:
                raise AssertionError(part)
    return [*events, Finished(Finish(StopReason.END))]


def said_of(parts: Iterable[Part] | Iterable[StreamEvent]) -> list[str]:
    """What parts or events say, each kind by itself: dialects do not agree on their order."""
    said = {"text": "", "refusal": "", "thinking": "", "proofs": "", "arguments": ""}
    for part in parts:
        match part:
            case Text() | TextDelta():
                said["text"] += part.text
            case Refusal() | RefusalDelta():
                said["refusal"] += part.text
            case Thinking():
                said["thinking"] += part.text
                said["proofs"] += part.signature or ""
            case ThinkingDelta():
                said["thinking"] += part.text
            case ThinkingSigned():
                said["proofs"] += part.signature
            case ToolCall():
                said["arguments"] += f"|{part.arguments}"
            case ToolCallDelta():
                said["arguments"] += f"|{part.arguments}"
            case _:
                pass
    return list(said.values())


@given(PARTS, PIECES, st.sampled_from([Mode.STREAM, Mode.BUFFER]))
@settings(max_examples=120, deadline=None)
def test_whatever_an_answer_is_made_of_its_stream_says_the_same(
    parts: list[Part], sizes: list[int], mode: Mode
) -> None:
    kept: list[Part] = []
    for part in parts:  # a stream does not tell where one of two equal parts ends, nor of empty ones
        is_same = bool(kept) and isinstance(part, Refusal | Thinking) and type(part) is type(kept[-1])
        if not is_same and (not isinstance(part, Text | Refusal | Thinking) or part.text):
            kept.append(part)
    of = Remembering(PII, SECRETS, Rule("word", Word("漢字"), Action.BLOCK))
    edited, verdicts, blocked = guard_reply(reply(*kept), of, mode)
    events = events_of(kept, sizes)
    guard = guarded(events, of, mode=mode)
    assert said_of(events) == said_of(edited.candidates[0].message.parts)
    assert guard.cut == blocked
    assert {verdict.category for verdict in guard.verdicts} == {verdict.category for verdict in verdicts}


def test_log_probabilities_of_edited_words_are_dropped_and_all_others_stay() -> None:
    text = "Schreiben Sie an Frau Erika Mustermann 🙂 oder e.m@example.org, bitte. Danke!"
    words = [word + " " for word in text.split(" ")]
    words[-1] = words[-1][:-1]
    tokens = tuple(TokenLogprob(word, -0.5) for word in words)
    of = Remembering()
    whole = reply(Text(text))
    candidate = whole.candidates[0]
    whole = msgspec.structs.replace(
        whole, candidates=(msgspec.structs.replace(candidate, logprobs=Logprobs(content=tokens)),)
    )
    edited, _, _ = guard_reply(whole, of)
    told = edited.candidates[0].logprobs
    assert told is not None
    assert told.content is not None
    left = "".join(token.token for token in told.content)
    assert left == "Schreiben Sie an Frau oder bitte. Danke!".replace("Frau oder", "Frau 🙂 oder")
    for size in range(1, len(tokens)):
        events: list[StreamEvent] = []
        for at in range(0, len(tokens), size):
            some = tokens[at : at + size]
            events.append(TextDelta("".join(token.token for token in some), 0, Logprobs(content=some)))
        events.append(Finished(Finish(StopReason.END)))
        guarded(events, of)
        out = [event for event in events if isinstance(event, TextDelta)]
        assert tuple(token for event in out if event.logprobs for token in event.logprobs.content or ()) == told.content


def test_transcripts_are_judged_and_their_sound_is_withheld_when_a_word_of_it_is_changed() -> None:
    of = Remembering()
    for said, goes_out in (("Frau Erika Mustermann ruft an.", False), ("the weather is fine", True)):
        for pieces in splits(said):
            events: list[StreamEvent] = [AudioDelta("c291bmQ=", id="a1")]
            events += [AudioDelta(transcript=piece) for piece in pieces]
            events += [AudioDelta("bW9yZQ=="), Finished(Finish(StopReason.END))]
            guarded(events, of)
            heard = [event for event in events if isinstance(event, AudioDelta)]
            assert [event.data for event in heard if event.data] == (["c291bmQ=", "bW9yZQ=="] if goes_out else [])
            assert "Mustermann" not in "".join(event.transcript or "" for event in heard)


def test_a_blocked_category_ends_the_answer_wherever_the_pieces_end() -> None:
    text = f"Of course. The key is in the vault of the company, as you know. It is {JWT} and no other. Good luck."
    of = Remembering(PII, Rule("secret_leak", SECRETS.check, actions={Threat.SECRET: Action.BLOCK}))
    edited, _, blocked = guard_reply(reply(Text(text)), of)
    assert blocked == {0}
    first = edited.candidates[0].message.parts[0]
    said = first.text if isinstance(first, Text) else ""
    for pieces in splits(text):
        events = streamed(pieces)
        guard = guarded(events, of)
        assert guard.cut == {0}
        assert text_of(events) == said
        assert "eyJ" not in text_of(events)
        assert refused(events) == "The answer was stopped by a guardrail (SECRET)."
        assert [event.finish.reason for event in events if isinstance(event, Finished)] == [StopReason.CONTENT_FILTER]


def test_no_more_is_held_than_the_longest_place_and_the_delay_is_short() -> None:
    hold = Hold()
    guard = StreamGuard(Remembering(), hold=hold)
    text = "the quick brown fox jumps over the lazy dog and runs away. " * 60
    longest = out = 0
    for at, letter in enumerate(text):
        out += len(text_of(guard.feed(TextDelta(letter))))
        longest = max(longest, at + 1 - out)
    assert longest <= hold.reach + hold.longest_stride + 2 * len("quick ")
    assert Judgement() == Judgement((), ())
    assert Pii.PERSON not in {verdict.category for verdict in guard.verdicts}

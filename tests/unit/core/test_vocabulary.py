"""Which vocabulary a model counts in."""

from __future__ import annotations

import pytest
import tiktoken

from stellwerk.core.vocabulary import CL100K, O200K, vocabulary_of

OPENAI = (
    "gpt-4o",
    "gpt-4o-mini-2024-07-18",
    "chatgpt-4o-latest",
    "gpt-4.1-nano",
    "gpt-5",
    "gpt-5-mini",
    "o1",
    "o3-mini",
    "o4-mini-2025-04-16",
    "gpt-4",
    "gpt-4-turbo",
    "gpt-4-0613",
    "gpt-3.5-turbo",
    "gpt-35-turbo",
    "text-embedding-3-large",
    "text-embedding-ada-002",
)


@pytest.mark.parametrize("model", OPENAI)
def test_it_is_the_one_that_tiktoken_knows(model: str) -> None:
    found = vocabulary_of(model)
    assert found.is_own
    assert found.name == tiktoken.encoding_name_for_model(model)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("openai/gpt-4o", O200K),
        ("GPT-4o", O200K),
        ("ft:gpt-4o-mini-2024-07-18:shop::abc", O200K),
        ("ft:gpt-3.5-turbo:shop::abc", CL100K),
        ("gpt-5.2", O200K),
    ],
)
def test_paths_capitals_and_tuning_do_not_matter(model: str, name: str) -> None:
    assert vocabulary_of(model) == vocabulary_of(model.lower())
    assert (vocabulary_of(model).name, vocabulary_of(model).is_own) == (name, True)


@pytest.mark.parametrize(
    "model",
    [
        "gpt-4omega",
        "gpt-40",
        "gpt-6",
        "o10",
        "gpt-oss-120b",
        "llama-3.3-70b",
        "my-deployment",
        "",
        "gpt-4.2",
        "davinci",
    ],
)
def test_any_other_name_says_nothing(model: str) -> None:
    found = vocabulary_of(model)
    assert (found.name, found.is_own, found.factor) == (O200K, False, 1.0)


@pytest.mark.parametrize(
    "model", ["claude-opus-4-5", "anthropic/claude-3.5-sonnet", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"]
)
def test_claude_counts_more_tokens(model: str) -> None:
    found = vocabulary_of(model)
    assert not found.is_own
    assert found.factor > 1

"""Spellings: which other names are tried for a model, and which never."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.model_name import spellings, without_region


@pytest.mark.parametrize(
    ("provider", "name", "tried"),
    [
        ("openai", "GPT-5.2", ["gpt-5.2"]),
        ("openai", "gpt-4o-2024-08-06", ["gpt-4o-2024-08-06", "gpt-4o"]),
        (
            "openai",
            "ft:gpt-4o-2024-08-06:acme::a1",
            ["ft:gpt-4o-2024-08-06:acme::a1", "ft:gpt-4o-2024-08-06", "ft:gpt-4o"],
        ),
        ("anthropic", "claude-sonnet-4-5-20250929", ["claude-sonnet-4-5-20250929", "claude-sonnet-4-5"]),
        ("openai", "gpt-3.5-turbo-0613", ["gpt-3.5-turbo-0613"]),
        ("mistral", "mistral-large-latest", ["mistral-large-latest"]),
        ("gemini", "models/gemini-2.0-flash-001", ["models/gemini-2.0-flash-001", "gemini-2.0-flash"]),
        ("gemini", "google/gemini-2.5-pro", ["google/gemini-2.5-pro", "gemini-2.5-pro"]),
        (
            "gemini",
            "projects/p/locations/eu/publishers/anthropic/models/claude-sonnet-4-5@20250929",
            [
                "projects/p/locations/eu/publishers/anthropic/models/claude-sonnet-4-5@20250929",
                "claude-sonnet-4-5@20250929",
                "claude-sonnet-4-5",
            ],
        ),
        (
            "gemini",
            "claude-opus-4-6@default",
            ["claude-opus-4-6@default", "claude-opus-4-6@default", "claude-opus-4-6"],
        ),
    ],
)
def test_a_name_is_tried_as_it_stands_and_then_plainer(provider: str, name: str, tried: list[str]) -> None:
    assert list(spellings(provider, name)) == tried


def test_a_region_of_bedrock_has_the_regional_price() -> None:
    assert list(spellings("bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0")) == [
        "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "regional.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "regional.anthropic.claude-sonnet-4-5-20250929",
        "regional.anthropic.claude-sonnet-4-5",
    ]


def test_what_is_routed_worldwide_never_has_the_regional_price_nor_the_other_way_round() -> None:
    assert not any("regional" in name for name in spellings("bedrock", "global.amazon.nova-2-lite-v1:0"))
    assert not any("global" in name for name in spellings("bedrock", "us.amazon.nova-2-lite-v1:0"))


@pytest.mark.parametrize("name", ["us.meta.llama3-3-70b-instruct-v1:0", "meta.llama3-3-70b-instruct-v1:0"])
def test_prices_without_a_region_are_those_of_the_united_states(name: str) -> None:
    assert "meta.llama3-3-70b-instruct" in spellings("bedrock", name)
    assert "meta.llama3-3-70b-instruct" not in spellings(
        "bedrock", name.replace("us.", "eu.").replace("meta", "eu.meta")
    )


def test_a_government_region_has_no_price_but_its_own() -> None:
    assert list(spellings("bedrock", "us-gov.anthropic.claude-sonnet-5")) == ["us-gov.anthropic.claude-sonnet-5"]


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("arn:aws:bedrock:eu-west-1:1:inference-profile/eu.amazon.nova-pro-v1:0", "regional.amazon.nova-pro"),
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:300k", "amazon.nova-lite"),
        ("mistral.mistral-7b-instruct-v0:2", "mistral.mistral-7b-instruct"),
        ("openai.gpt-oss-120b-1:0", "openai.gpt-oss-120b-1"),
    ],
)
def test_arns_and_versions_are_taken_off(name: str, last: str) -> None:
    assert list(spellings("bedrock", name))[-1] == last


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("EU.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        ("arn:aws:bedrock:ap-south-1:1:inference-profile/apac.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        ("amazon.nova-lite-v1:0", None),
        ("euler.amazon", None),
    ],
)
def test_the_region_of_a_name_can_be_taken_off(name: str, bare: str | None) -> None:
    assert without_region(name) == bare


@given(st.sampled_from(["openai", "gemini", "bedrock", ""]), st.text(max_size=60))
def test_any_text_has_spellings_and_the_first_is_its_own(provider: str, name: str) -> None:
    tried = list(spellings(provider, name))
    assert tried[0] == name.lower()
    assert len(tried) <= 9

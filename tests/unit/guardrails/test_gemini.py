"""Gemini's filters: a prompt is blocked, or let through, or not judged at all."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from google.genai import types

from stellwerk.core.verdict import Finding
from stellwerk.errors import GuardrailUnavailable
from stellwerk.guardrails.gemini import Settings, build
from stellwerk.text.reading import read

CANDIDATE = {"content": {"parts": [{"text": "I"}], "role": "model"}, "finishReason": "MAX_TOKENS"}


def judged(answer: dict[str, Any], **options: Any) -> dict[str, Finding]:
    types.GenerateContentResponse.model_validate(answer)
    check = build(Settings(api_key="k", **options))
    (findings,) = check.read((read("Hi"),), 200, {}, msgspec.json.encode(answer))
    return {str(finding.category): finding for finding in findings}


def rating(category: str, probability: str, **more: Any) -> dict[str, Any]:
    return {"category": f"HARM_CATEGORY_{category}", "probability": probability, **more}


def hits(found: dict[str, Finding]) -> set[str]:
    return {name for name, finding in found.items() if finding.is_hit}


def test_thresholds_become_the_levels_that_reach_them() -> None:
    check = build(Settings(api_key="k", thresholds={"S10": 0.3, "S12": 0.9}))
    request = check.prepare((read("Hi"),))
    asked = msgspec.json.decode(request.body)
    levels = {one["category"].removeprefix("HARM_CATEGORY_"): one["threshold"] for one in asked["safetySettings"]}
    assert levels == {
        "HARASSMENT": "BLOCK_MEDIUM_AND_ABOVE",
        "HATE_SPEECH": "BLOCK_LOW_AND_ABOVE",
        "SEXUALLY_EXPLICIT": "BLOCK_ONLY_HIGH",
        "DANGEROUS_CONTENT": "BLOCK_MEDIUM_AND_ABOVE",
    }
    for one in asked["safetySettings"]:
        types.SafetySetting.model_validate(one)
    assert request.path == b"/v1beta/models/gemini-2.5-flash-lite:generateContent"
    assert b"x-goog-api-key: k\r\n" in request.fields


def test_what_is_let_through_is_no_hit() -> None:
    assert judged({"candidates": [CANDIDATE]}) == {}
    found = judged({"candidates": [CANDIDATE], "promptFeedback": {"safetyRatings": [rating("HATE_SPEECH", "LOW")]}})
    assert (found["S10"].score, found["S10"].is_hit) == (1 / 3, False)


def test_a_blocked_prompt_has_no_candidates_and_its_ratings_say_why() -> None:
    ratings = [
        rating("HATE_SPEECH", "MEDIUM", blocked=True),
        rating("DANGEROUS_CONTENT", "LOW", blocked=True),
        rating("HARASSMENT", "NEGLIGIBLE"),
        rating("CIVIC_INTEGRITY", "HIGH"),
    ]
    found = judged({"promptFeedback": {"blockReason": "SAFETY", "safetyRatings": ratings}})
    assert hits(found) == {"S10", "S2", "S13"}


@pytest.mark.parametrize(
    ("reason", "category"),
    [
        ("SAFETY", "HARMFUL"),
        ("PROHIBITED_CONTENT", "HARMFUL"),
        ("BLOCKLIST", "PATTERN"),
        ("JAILBREAK", "PROMPT_ATTACK"),
        ("OTHER", "HARMFUL"),
    ],
)
def test_a_block_without_ratings_is_a_hit_all_the_same(reason: str, category: str) -> None:
    assert hits(judged({"promptFeedback": {"blockReason": reason}})) == {category}


def test_an_answer_that_a_filter_ends_is_a_hit() -> None:
    ended = {"finishReason": "SAFETY", "safetyRatings": [rating("SEXUALLY_EXPLICIT", "HIGH", blocked=True)]}
    assert hits(judged({"candidates": [ended]})) == {"S12"}
    assert hits(judged({"candidates": [{"finishReason": "PROHIBITED_CONTENT"}]})) == {"HARMFUL"}
    assert hits(judged({"candidates": [{"finishReason": "RECITATION"}]})) == set()


@pytest.mark.parametrize(
    "answer",
    [
        {"candidates": []},
        {"promptFeedback": {}},
        {"candidates": [{}]},
        {"candidates": [CANDIDATE], "promptFeedback": {"safetyRatings": [rating("HATE_SPEECH", "SOMEWHAT")]}},
        {
            "candidates": [CANDIDATE],
            "promptFeedback": {"safetyRatings": [{"category": "MOOD", "probability": "HIGH"}]},
        },
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")  # of the SDK, for words that it does not know
def test_what_is_neither_blocked_nor_let_through_is_no_verdict(answer: dict[str, Any]) -> None:
    with pytest.raises(GuardrailUnavailable):
        judged(answer)


@pytest.mark.parametrize("options", [{"api_version": "v 1"}, {"model": ""}, {"max_chars": 0}, {"threshold": 7.0}])
def test_what_cannot_be_meant_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"expected|max_chars"):
        build(Settings(api_key="k", **options))

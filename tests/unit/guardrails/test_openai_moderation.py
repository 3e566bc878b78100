"""OpenAI's moderation: the SDK's own types are the oracle of requests and answers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from openai.types import ModerationCreateParams, ModerationCreateResponse
from openai.types.moderation import CategoryScores
from pydantic import TypeAdapter

from stellwerk.core.verdict import Finding
from stellwerk.errors import GuardrailUnavailable
from stellwerk.guardrails.openai_moderation import Settings, build
from stellwerk.text.reading import read

NAMES = [field.alias or name for name, field in CategoryScores.model_fields.items()]
OLDER = [name for name in NAMES if not name.startswith("illicit")]


def answer(scores: dict[str, float], flags: set[str], names: list[str], *, is_flagged: bool) -> bytes:
    result = {
        "flagged": is_flagged,
        "categories": {name: name in flags for name in names},
        "category_scores": {name: scores.get(name, 0.0) for name in names},
        "category_applied_input_types": {name: ["text"] for name in names},
    }
    return msgspec.json.encode({"id": "m", "model": "omni-moderation-latest", "results": [result]})


def judged(
    scores: dict[str, float], flags: set[str], *, names: list[str] = NAMES, is_flagged: bool = True, **options: Any
) -> dict[str, Finding]:
    body = answer(scores, flags, names, is_flagged=is_flagged)
    if names == NAMES:
        ModerationCreateResponse.model_validate_json(body)
    (findings,) = build(Settings(**options)).read((read("Hi"),), 200, {}, body)
    return {str(finding.category): finding for finding in findings}


def test_a_request_is_that_of_the_sdk() -> None:
    request = build(Settings(api_key="k")).prepare((read("a"), read("b")))
    asked = msgspec.json.decode(request.body)
    assert TypeAdapter(ModerationCreateParams).validate_python(asked) == asked
    assert asked == {"model": "omni-moderation-latest", "input": ["a", "b"]}
    assert request.path == b"/v1/moderations"
    assert b"authorization: Bearer k\r\n" in request.fields


@pytest.mark.parametrize("name", NAMES)
def test_every_category_of_the_sdk_has_one_of_ours(name: str) -> None:
    found = judged({name: 0.8}, {name})
    assert [finding.score for finding in found.values() if finding.is_hit] == [0.8]


def test_without_a_threshold_the_flags_decide_and_with_one_the_scores() -> None:
    scores = {"hate": 0.4, "violence": 0.6}
    own = judged(scores, {"hate"})
    assert (own["S10"].is_hit, own["S1"].is_hit) == (True, False)
    ours = judged(scores, {"hate"}, threshold=0.5)
    assert (ours["S10"].is_hit, ours["S1"].is_hit) == (False, True)
    mixed = judged(scores, {"hate"}, thresholds={"S1": 0.9})
    assert (mixed["S10"].is_hit, mixed["S1"].is_hit) == (True, False)


def test_older_models_tell_of_fewer_categories() -> None:
    assert "S2" not in judged({}, set(), names=OLDER, is_flagged=False)
    with pytest.raises(GuardrailUnavailable, match="category"):
        judged({}, set(), names=OLDER[1:], is_flagged=False)


def test_a_flag_without_a_reason_is_no_verdict() -> None:
    with pytest.raises(GuardrailUnavailable, match="why"):
        judged({}, set())


@pytest.mark.parametrize(
    "options", [{"threshold": 2.0}, {"thresholds": {"X": 0.5}}, {"max_chars": 0}, {"base_url": "ftp://x"}]
)
def test_what_cannot_be_meant_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"threshold|category|max_chars|URL"):
        build(Settings(**options))

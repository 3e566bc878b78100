"""Llama Guard: two words are a verdict, nothing else is; how sure it is stands in its first word."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from openai.types.chat import ChatCompletion, CompletionCreateParams
from pydantic import TypeAdapter

from stellwerk.core.subject import Side
from stellwerk.core.taxonomy import Hazard, Hint
from stellwerk.core.verdict import Finding
from stellwerk.errors import GuardrailUnavailable
from stellwerk.guardrails.llama_guard import Settings, build
from stellwerk.text.reading import read

URL = "http://127.0.0.1:9/v1"


def likely(token: str, probability: float, others: dict[str, float] | None = None) -> dict[str, Any]:
    top = [{"token": other, "logprob": math.log(share), "bytes": None} for other, share in (others or {}).items()]
    return {"token": token, "logprob": math.log(probability), "bytes": None, "top_logprobs": top}


def judged(
    content: Any, *tokens: dict[str, Any], threshold: float = 0.5, finish: str = "stop", choices: int = 1
) -> tuple[Finding, ...]:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": content, "refusal": None},
        "finish_reason": finish,
        "logprobs": {"content": list(tokens), "refusal": None} if tokens else None,
    }
    answer = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice] * choices}
    ChatCompletion.model_validate(answer)
    check = build(Settings(base_url=URL, threshold=threshold))
    return check.read((read("Hi"),), 200, {}, msgspec.json.encode(answer))[0]


def test_an_answer_is_judged_as_one_to_its_question() -> None:
    check = build(Settings(base_url=URL, model="m", logprobs=False))
    asked = msgspec.json.decode(check.prepare((read("Bye", side=Side.OUTPUT, question="Hi?"),)).body)
    assert asked == {
        "model": "m",
        "temperature": 0,
        "max_tokens": 20,
        "messages": [{"role": "user", "content": "Hi?"}, {"role": "assistant", "content": "Bye"}],
    }


def test_a_request_is_that_of_the_sdk() -> None:
    request = build(Settings(base_url=URL)).prepare((read("Hi"),))
    asked = msgspec.json.decode(request.body)
    TypeAdapter(CompletionCreateParams).validate_python(asked)
    assert asked["messages"] == [{"role": "user", "content": "Hi"}]
    assert (asked["logprobs"], asked["top_logprobs"]) == (True, 5)
    assert request.path == b"/v1/chat/completions"


@pytest.mark.parametrize("content", ["safe", "\n\nsafe", "safe\n", " safe "])
def test_safe_is_safe(content: str) -> None:
    assert judged(content) == (Finding(Hint.HARMFUL, 0.0, (), is_hit=False, threshold=0.5),)


@pytest.mark.parametrize("content", ["unsafe\nS1,S10", "\n\nunsafe\nS1, S10\n"])
def test_unsafe_names_hazards(content: str) -> None:
    assert judged(content) == (
        Finding(Hazard.VIOLENT_CRIMES, 1.0, (), threshold=0.5),
        Finding(Hazard.HATE, 1.0, (), threshold=0.5),
    )


@pytest.mark.parametrize("content", ["unsafe", "unsafe\nS15"])
def test_unsafe_without_a_hazard_that_is_known_is_harmful(content: str) -> None:
    assert judged(content) == (Finding(Hint.HARMFUL, 1.0, (), threshold=0.5),)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "I cannot",
        "Safe",
        "SAFE",
        "safe\nS1",
        "safe.",
        "unsafe\nviolence",
        "unsafe S1",
        "unsafe\nS1\nsafe",
        "unsafely",
    ],
)
def test_anything_else_is_no_verdict(content: str) -> None:
    with pytest.raises(GuardrailUnavailable):
        judged(content)


@pytest.mark.parametrize("wrong", [{"finish": "length"}, {"finish": "content_filter"}, {"choices": 0}, {"choices": 2}])
def test_an_answer_that_is_not_whole_is_no_verdict(wrong: dict[str, Any]) -> None:
    with pytest.raises(GuardrailUnavailable):
        judged("safe", **wrong)


def test_no_content_is_no_verdict() -> None:
    with pytest.raises(GuardrailUnavailable):
        judged(None)


def test_doubt_about_what_is_safe_is_told_and_a_hit_for_the_strict() -> None:
    first = likely("safe", 0.7, {"safe": 0.7, "unsafe": 0.3})
    assert judged("\n\nsafe", likely("\n\n", 1.0), first)[0].score == pytest.approx(0.3)
    assert not judged("safe", first)[0].is_hit
    assert judged("safe", first, threshold=0.25)[0].is_hit


def test_what_it_calls_unsafe_is_a_hit_at_even_odds_and_not_for_the_lenient() -> None:
    first = likely("unsafe", 0.45, {"unsafe": 0.45, "safe": 0.44})
    assert judged("unsafe\nS1", first)[0].is_hit
    assert not judged("unsafe\nS1", first, threshold=0.9)[0].is_hit


@pytest.mark.parametrize("tokens", [(likely("saf", 0.9),), (likely("\n", 0.9),), (likely("safe", 0.9, {"no": 0.1}),)])
def test_tokens_that_say_nothing_leave_the_word_as_it_is(tokens: tuple[dict[str, Any], ...]) -> None:
    assert judged("safe", *tokens)[0].score == 0.0


def test_limits_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="max_chars"):
        Settings(base_url=URL, max_chars=0)

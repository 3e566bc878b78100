"""Streams say the same as whole answers."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.simulator.answer import Answer, Author
from stellwerk.simulator.ask import Ask
from stellwerk.simulator.dialect import Stamp
from stellwerk.simulator.gemini.request import read_generate
from stellwerk.simulator.gemini.response import content
from stellwerk.simulator.gemini.stream import closing, opening
from stellwerk.simulator.spread import sampler
from stellwerk.simulator.steering import NOTHING, Steering

AUTHOR = Author(b"seed", "auto")
STAMP = Stamp("id", 1_700_000_000)
TOOLS = [
    {
        "functionDeclarations": [
            {"name": "a", "parametersJsonSchema": {"properties": {"x": {"type": "integer"}}, "required": ["x"]}},
            {"name": "b"},
        ]
    }
]


def _asked(model: str = "gemini-3-pro", /, **fields: Any) -> Ask:
    contents = [{"role": "user", "parts": [{"text": "Grüße: “quoted” 😀"}]}]
    return read_generate(msgspec.json.encode({"contents": contents, **fields}), model, is_stream=True)


def _answered(ask: Ask, steering: Steering = NOTHING, *, reasons: bool = True) -> Answer:
    return AUTHOR.answer(ask, steering, sampler(12), reasons=reasons, cached_tokens=0)


def _events(ask: Ask, answer: Answer) -> list[dict[str, Any]]:
    made = [*opening(ask, answer, STAMP), *closing(ask, answer, STAMP)]
    return [msgspec.json.decode(event) for event in made]


def _whole(ask: Ask, answer: Answer) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.json.decode(content(ask, answer, STAMP))
    return body


def _joined(events: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """The candidates that a client puts together from a stream."""
    candidates: list[dict[str, Any]] = [
        {"text": "", "thought": "", "calls": [], "signatures": []} for _ in range(count)
    ]
    for event in events:
        for choice in event.get("candidates", ()):
            candidate = candidates[choice["index"]]
            candidate["finish"] = choice.get("finishReason")
            for part in choice["content"].get("parts", ()):
                _add(candidate, part)
    return candidates


def _add(candidate: dict[str, Any], part: dict[str, Any]) -> None:
    candidate["thought" if part.get("thought") else "text"] += part.get("text", "")
    candidate["calls"] += [part["functionCall"]] if "functionCall" in part else []
    candidate["signatures"] += [part["thoughtSignature"]] if "thoughtSignature" in part else []


STEERINGS = [NOTHING, Steering(refusal=True), Steering(say='a\n"b" ü😀'), Steering(say=""), Steering(calls=2)]


@given(st.integers(1, 3), st.sampled_from(STEERINGS), st.booleans(), st.booleans(), st.none() | st.integers(1, 600))
def test_a_stream_joined_is_the_whole_answer(
    count: int, steering: Steering, has_tools: bool, shows_thoughts: bool, limit: int | None
) -> None:
    config: dict[str, Any] = {"candidateCount": count, "thinkingConfig": {"includeThoughts": shows_thoughts}}
    config |= {} if limit is None else {"maxOutputTokens": limit}
    ask = _asked(generationConfig=config, **({"tools": TOOLS} if has_tools else {}))
    answer = _answered(ask, steering)
    events, whole = _events(ask, answer), _whole(ask, answer)
    assert events[-1]["usageMetadata"] == whole["usageMetadata"]
    assert _joined(events, count) == _joined([whole], count)
    assert ("candidates" in whole) != ("promptFeedback" in whole)


def test_a_stream_sends_one_token_at_a_time_and_ends_with_the_reason() -> None:
    ask = _asked("gemini-2.5-flash")
    events = _events(ask, _answered(ask, Steering(say="one two three"), reasons=False))
    texts = [part["text"] for event in events for part in event["candidates"][0]["content"].get("parts", ())]
    assert texts == ["one", " two", " three"]
    assert [event["candidates"][0].get("finishReason") for event in events] == [None, None, None, "STOP"]
    assert {event["usageMetadata"]["promptTokenCount"] for event in events} == {ask.prompt_tokens}
    assert "candidatesTokenCount" not in events[0]["usageMetadata"]


def test_usage_is_counted_in_googles_way() -> None:
    ask = _asked("gemini-2.5-flash", generationConfig={"thinkingConfig": {"thinkingBudget": 40}})
    usage = _whole(ask, _answered(ask))["usageMetadata"]
    assert 0 < usage["thoughtsTokenCount"] <= 40
    assert usage["candidatesTokenCount"] == 12
    assert usage["totalTokenCount"] == ask.prompt_tokens + usage["thoughtsTokenCount"] + 12
    cached = AUTHOR.answer(ask, NOTHING, sampler(1), reasons=False, cached_tokens=5).usage
    assert cached.cache_read_tokens == 5


def test_only_the_first_of_several_calls_is_signed_and_new_models_give_ids() -> None:
    for model, has_id in (("gemini-3-pro", True), ("gemini-2.5-flash", False)):
        ask = _asked(model, tools=TOOLS)
        parts = _whole(ask, _answered(ask, Steering(calls=2)))["candidates"][0]["content"]["parts"]
        assert ["thoughtSignature" in part for part in parts] == [True, False]
        assert ["id" in part["functionCall"] for part in parts] == [has_id, has_id]
    ask = _asked("gemini-2.0-flash", tools=TOOLS)
    (part, _) = _whole(ask, _answered(ask, Steering(calls=2), reasons=False))["candidates"][0]["content"]["parts"]
    assert "thoughtSignature" not in part


def test_a_call_that_is_cut_off_is_lost() -> None:
    ask = _asked("gemini-2.0-flash", tools=TOOLS, generationConfig={"maxOutputTokens": 9})
    candidate = _whole(ask, _answered(ask, Steering(call="a"), reasons=False))["candidates"][0]
    assert candidate == {"content": {"role": "model"}, "index": 0, "finishReason": "MAX_TOKENS"}


def test_a_candidate_that_is_stopped_for_safety_is_rated() -> None:
    ask = _asked()
    candidate = _whole(ask, _answered(ask, Steering(finish="content_filter")))["candidates"][0]
    assert candidate["finishReason"] == "SAFETY"
    assert candidate["safetyRatings"][0]["blocked"]


def test_log_probabilities_come_with_the_candidate() -> None:
    ask = _asked(generationConfig={"responseLogprobs": True, "logprobs": 2})
    answer = _answered(ask)
    candidate = _whole(ask, answer)["candidates"][0]
    assert len(candidate["logprobsResult"]["chosenCandidates"]) == 12
    assert [len(top["candidates"]) for top in candidate["logprobsResult"]["topCandidates"]] == [2] * 12
    assert candidate["avgLogprobs"] < 0
    assert _events(ask, answer)[-1]["candidates"][0]["logprobsResult"] == candidate["logprobsResult"]

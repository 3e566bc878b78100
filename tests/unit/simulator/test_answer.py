"""What simulated models answer."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.simulator.answer import CALL_OVERHEAD_TOKENS, MOST_SHOWN_THOUGHTS, Answer, Author
from stellwerk.simulator.ask import Ask, Segment, Tool
from stellwerk.simulator.refusal import Refusal
from stellwerk.simulator.spread import sampler
from stellwerk.simulator.steering import NOTHING, Steering

AUTHOR = Author(b"seed", "auto")
WEATHER = Tool("get_weather", "The weather of a place", {"type": "object", "properties": {"city": {"type": "string"}}})
CLOCK = Tool("clock", "The time of day", {"type": "object", "properties": {}})
SHELL = Tool("shell", "Runs a command", None)


def _answer(steering: Steering = NOTHING, *, reasons: bool = False, cached: int = 0, **fields: Any) -> Answer:
    asked = {
        "model": "m",
        "is_stream": False,
        "segments": (Segment(b"p", 10),),
        "parameters": b"",
        "text": "Hi",
        **fields,
    }
    return AUTHOR.answer(Ask(**asked), steering, sampler(40), reasons=reasons, cached_tokens=cached)


def test_the_same_request_gets_the_same_answer_and_another_one_another() -> None:
    assert _answer() == _answer()
    assert _answer() != _answer(segments=(Segment(b"q", 10),))
    assert _answer() != Author(b"other", "auto").answer(
        Ask(model="m", is_stream=False, segments=(Segment(b"p", 10),), parameters=b"", text="Hi"),
        NOTHING,
        sampler(40),
        reasons=False,
        cached_tokens=0,
    )


def test_candidates_differ_and_their_tokens_add_up() -> None:
    answer = _answer(choices=3)
    assert len({tuple(choice.tokens) for choice in answer.choices}) == 3
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (10, 120)


@given(st.integers(1, 80), st.booleans(), st.sampled_from([(), (WEATHER,), (WEATHER, CLOCK, SHELL)]))
def test_no_answer_is_longer_than_allowed(most: int, reasons: bool, tools: tuple[Tool, ...]) -> None:
    answer = _answer(max_tokens=most, reasons=reasons, effort="low", tools=tools)
    assert answer.usage.output_tokens <= most
    if answer.usage.output_tokens == most and not tools and most < 40:
        assert answer.choices[0].finish == "length"


def test_an_answer_that_is_cut_begins_like_the_whole_one() -> None:
    cut, whole = _answer(max_tokens=7).choices[0], _answer().choices[0]
    assert (cut.finish, whole.finish) == ("length", "stop")
    assert cut.tokens == whole.tokens[:7]


def test_a_stop_sequence_ends_the_answer_before_it() -> None:
    whole = "".join(_answer().choices[0].tokens)
    stopped = _answer(stop=("nowhere", " an", "")).choices[0]
    assert "".join(stopped.tokens) == whole[: whole.index(" an")]
    assert stopped.finish == "stop"


def test_reasoning_counts_as_output_and_may_use_up_everything() -> None:
    answer = _answer(reasons=True, effort="high")
    assert 512 <= answer.usage.reasoning_tokens < 1_536
    assert answer.usage.output_tokens == answer.usage.reasoning_tokens + 40
    assert _answer(reasons=True, effort="none").usage.reasoning_tokens == 0
    spent = _answer(reasons=True, effort="high", max_tokens=100)
    assert (spent.choices[0].tokens, spent.choices[0].finish, spent.usage.output_tokens) == ([], "length", 100)


def test_a_tool_is_called_with_arguments_that_fit_its_schema() -> None:
    choice = _answer(tools=(WEATHER,)).choices[0]
    (call,) = choice.calls
    assert (call.name, choice.finish, choice.tokens) == ("get_weather", "tool_calls", [])
    assert isinstance(msgspec.json.decode("".join(call.fragments)), dict)
    assert choice.output_tokens == len(call.fragments) + CALL_OVERHEAD_TOKENS


def test_the_tool_that_the_question_is_about_is_called() -> None:
    for text, name in (("what is the weather like", "get_weather"), ("the time of day please", "clock")):
        assert _answer(text=text, tools=(CLOCK, WEATHER)).choices[0].calls[0].name == name


def test_a_named_tool_is_called_and_ends_with_stop() -> None:
    choice = _answer(tools=(WEATHER, SHELL), must_call=True, named_tool="shell").choices[0]
    assert [call.name for call in choice.calls] == ["shell"]
    assert (choice.calls[0].is_free_text, choice.finish) == (True, "stop")


def test_calls_are_made_in_parallel_only_where_that_is_allowed() -> None:
    def calls(allowed: bool) -> set[int]:
        return {
            len(
                _answer(segments=(Segment(b"%d" % number, 1),), tools=(WEATHER, CLOCK), may_call_in_parallel=allowed)
                .choices[0]
                .calls
            )
            for number in range(40)
        }

    assert calls(allowed=True) == {1, 2}
    assert calls(allowed=False) == {1}


def test_a_request_can_steer_its_calls() -> None:
    tools = (WEATHER, CLOCK)
    assert [call.name for call in _answer(Steering(call="clock, get_weather"), tools=tools).choices[0].calls] == [
        "clock",
        "get_weather",
    ]
    assert len(_answer(Steering(calls=3), tools=tools).choices[0].calls) == 3
    for steering in (Steering(call="none"), Steering(calls=0), Steering(say="text"), Steering(refusal=True)):
        assert _answer(steering, tools=tools).choices[0].calls == ()
    with pytest.raises(Refusal, match="not among the tools"):
        _answer(Steering(call="hammer"), tools=tools)


def test_after_a_result_the_answer_uses_it_unless_a_call_is_demanded() -> None:
    results = (("get_weather", "18 degrees and sunny"),)
    choice = _answer(tools=(WEATHER,), tool_results=results).choices[0]
    assert "18 degrees and sunny" in "".join(choice.tokens)
    assert _answer(tools=(WEATHER,), tool_results=results, must_call=True).choices[0].calls
    exact = _answer(Steering(tokens=3), tools=(WEATHER,), tool_results=results).choices[0]
    assert len(exact.tokens) == 3


def test_an_answer_with_a_schema_is_json_that_fits_it() -> None:
    schema = {"type": "array", "items": {"enum": ["red", "green"]}, "minItems": 2}
    assert set(msgspec.json.decode("".join(_answer(output=schema).choices[0].tokens))) <= {"red", "green"}
    with pytest.raises(Refusal) as caught:
        _answer(output={"type": "colour"})
    assert (caught.value.status, caught.value.code) == (400, "invalid_json_schema")


def test_a_request_can_steer_the_text() -> None:
    assert "".join(_answer(Steering(say="Exactly this.")).choices[0].tokens) == "Exactly this."
    assert len(_answer(Steering(tokens=123)).choices[0].tokens) == 123
    assert _answer(Steering(finish="content_filter")).choices[0].finish == "content_filter"
    refused = _answer(Steering(refusal=True)).choices[0]
    assert refused.is_refusal
    assert "can't help" in "".join(refused.tokens)
    assert "leid" in "".join(_answer(Steering(refusal=True, language="de")).choices[0].tokens)
    assert _answer(Steering(reasoning_tokens=5)).usage.reasoning_tokens == 5


def test_cached_tokens_are_never_more_than_the_prompt() -> None:
    assert _answer(cached=7).usage.cache_read_tokens == 7
    assert _answer(cached=70).usage.cache_read_tokens == 10


def test_markers_are_not_quoted_in_the_answer() -> None:
    assert "[[" not in "".join(_answer(text="Tell me [[tokens=90]] more").choices[0].tokens)


def test_thoughts_are_shown_where_they_are_asked_for_and_change_nothing_else() -> None:
    silent, shown = _answer(reasons=True), _answer(reasons=True, shows_thoughts=True)
    assert silent.choices[0].thoughts == ()
    assert len(shown.choices[0].thoughts) == min(shown.choices[0].reasoning_tokens, MOST_SHOWN_THOUGHTS)
    assert (silent.choices[0].tokens, silent.usage) == (shown.choices[0].tokens, shown.usage)
    cut = _answer(reasons=True, shows_thoughts=True, max_tokens=5).choices[0]
    assert (len(cut.thoughts), cut.tokens, cut.finish) == (5, [], "length")


def test_a_request_says_whether_and_how_much_a_model_thinks() -> None:
    assert _answer(thinks=True).usage.reasoning_tokens > 0
    assert _answer(reasons=True, thinks=False).usage.reasoning_tokens == 0
    assert _answer(reasons=True, most_thoughts=3).usage.reasoning_tokens == 3


def test_a_stop_sequence_that_ends_an_answer_is_noted() -> None:
    said = Steering(say="one two three")
    assert _answer(said, stop=(" three", " two")).choices[0].stop == " two"
    assert _answer(said, stop=(" four",)).choices[0].stop is None
    assert _answer(said, stop=(" three",), max_tokens=1).choices[0].stop is None


def test_what_is_written_to_the_cache_is_part_of_the_prompt() -> None:
    ask = Ask(model="m", is_stream=False, segments=(Segment(b"p", 10),), parameters=b"", text="Hi")
    usage = AUTHOR.answer(ask, NOTHING, sampler(4), reasons=False, cached_tokens=6, written_tokens=9).usage
    assert (usage.cache_read_tokens, usage.cache_write_tokens) == (6, 4)


def test_a_schema_with_names_that_are_no_texts_is_refused() -> None:
    with pytest.raises(Refusal, match="Invalid schema"):
        _answer(output={"type": "object", "required": [None]})

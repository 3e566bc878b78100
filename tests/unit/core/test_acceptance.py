"""What makes a weak model's answer good enough."""

from __future__ import annotations

import pytest

from stellwerk.core.acceptance import Acceptance, judge

ALL = Acceptance(json=True, min_characters=1, refusal=True, finish=True, min_logprob=-1.0)
SCHEMA = {"type": "object", "required": ["a"]}


def test_a_plain_answer_does() -> None:
    assert judge(ALL, "It is 42.", "stop", wants_json=False, logprobs=[-0.1, -0.2]) == ""


def test_checks_that_are_off_ask_nothing() -> None:
    assert judge(Acceptance(), "", "length", wants_json=True, schema=SCHEMA, logprobs=[-9.0]) == ""
    assert judge(Acceptance(), "I don't know.", "refusal", wants_json=False) == ""


@pytest.mark.parametrize(
    "finish", ["", "stop", "STOP", "end", "end_turn", "stop_sequence", "completed", "eos", "eos_token"]
)
def test_an_answer_that_came_to_its_end_does(finish: str) -> None:
    assert judge(Acceptance(finish=True), "It is", finish, wants_json=False) == ""


@pytest.mark.parametrize(
    "finish",
    ["length", "max_tokens", "MAX_TOKENS", "max_output_tokens", "context_window", "tool_calls", "pause", "new"],
)
def test_an_answer_that_was_cut_off_does_not(finish: str) -> None:
    assert judge(ALL, "It is", finish, wants_json=False) == f"cut off ({finish})"


@pytest.mark.parametrize("finish", ["refusal", "content_filter", "SAFETY", "guardrail_intervened"])
def test_a_refusal_does_not_whatever_was_said(finish: str) -> None:
    assert judge(ALL, "It is 42.", finish, wants_json=False) == "a refusal"


def test_not_knowing_does_not() -> None:
    assert judge(ALL, "I don't know.", "stop", wants_json=False) == "a refusal"


def test_white_space_is_no_answer() -> None:
    assert judge(ALL, " \n", "stop", wants_json=False) == "too short (0 characters)"
    assert judge(Acceptance(min_characters=5), " four ", "stop", wants_json=False) == "too short (4 characters)"
    assert judge(Acceptance(min_characters=4), " four ", "stop", wants_json=False) == ""


@pytest.mark.parametrize(
    "text", ["It is 42.", '```json\n{"a": 1}\n```', '{"a": 1', '{"a": NaN}', "[" * 5_000, "\ud800"]
)
def test_who_asked_for_json_gets_json(text: str) -> None:
    assert judge(ALL, text, "stop", wants_json=True) == "not JSON"


def test_json_has_to_be_of_the_schema() -> None:
    assert judge(ALL, ' {"a": 1}\n', "stop", wants_json=True, schema=SCHEMA) == ""
    assert judge(ALL, "[1]", "stop", wants_json=True) == ""
    assert judge(ALL, "{}", "stop", wants_json=True, schema=SCHEMA) == "not of the schema"
    assert judge(ALL, "{}", "stop", wants_json=True, schema=False) == "not of the schema"
    assert judge(ALL, "{}", "stop", wants_json=False, schema=SCHEMA) == ""


def test_an_unsure_answer_does_not() -> None:
    assert judge(ALL, "It is 42.", "stop", wants_json=False, logprobs=[-0.5, -2.5]) == (
        "unsure (mean log-probability -1.50)"
    )
    assert judge(ALL, "It is 42.", "stop", wants_json=False, logprobs=[-0.5, -1.5]) == ""
    assert judge(ALL, "It is 42.", "stop", wants_json=False, logprobs=[]) == ""

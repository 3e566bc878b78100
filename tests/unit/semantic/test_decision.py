"""The decision serves what the verifier trusts and no rule forbids, and tells why."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.semantic.decision import AUDITED, decide, explained
from stellwerk.semantic.evidence import MOST, NAMES, Candidate, judge, remembered, weigh
from stellwerk.semantic.threshold import NEVER, Scope, State
from stellwerk.semantic.verifier import packaged

ASKED = "How do I cancel my order?"
NEAR = Candidate("1", "how do I cancel my order please", "a", 0.97)


def test_a_repeat_in_other_words_is_served() -> None:
    decision = decide(ASKED, [NEAR], Scope(0.01), 0.5)
    assert decision.is_hit
    assert decision.chosen == NEAR
    assert not decision.is_audited


def test_a_hit_is_audited_when_the_coin_says_so() -> None:
    assert decide(ASKED, [NEAR], Scope(0.01), AUDITED - 0.001).is_audited
    assert not decide(ASKED, [NEAR], Scope(0.01), AUDITED).is_audited


def test_a_twin_is_never_served_however_close_it_lies() -> None:
    twin = Candidate("2", "How do I not cancel my order?", "b", 0.999)
    decision = decide(ASKED, [twin], Scope(0.01), 0.5)
    assert (decision.reason, decision.chosen, decision.evidence) == ("mismatch", None, None)
    assert [found.kind for found in decision.judged[0].mismatches if found.is_hard] == ["negation"]


def test_the_neighbour_behind_a_twin_is_taken() -> None:
    twin = Candidate("2", "How do I not cancel my order?", "b", 0.999)
    assert decide(ASKED, [twin, NEAR], Scope(0.01), 0.5).chosen == NEAR


def test_neighbours_that_are_far_away_say_nothing() -> None:
    far = Candidate("3", "how do I cancel my order please", "a", 0.3)
    assert decide(ASKED, [far], Scope(0.01), 0.5).reason == "no neighbour"
    assert decide(ASKED, [], Scope(0.01), 0.5).reason == "no neighbour"


def test_a_scope_that_is_off_serves_nothing_and_still_learns() -> None:
    decision = decide(ASKED, [NEAR], Scope(0.01, State(threshold=NEVER, penance=5)), 0.5)
    assert decision.reason == "off"
    assert decision.evidence is not None


def test_long_turns_need_a_cosine_that_leaves_no_doubt() -> None:
    text = " ".join(f"{word} of the house" for word in ("roof", "door", "floor", "wall", "stairs") * 3)
    assert decide(text, [Candidate("1", text + " please", "a", 0.96)], Scope(0.01), 0.5).reason == "long"
    assert decide(text, [Candidate("1", text + " please", "a", 0.99)], Scope(0.01), 0.5).is_hit


def test_another_answer_close_by_lowers_the_chance() -> None:
    rival = Candidate("2", "how would I cancel an order", "b", 0.968)
    alone, disputed = (decide(ASKED, near, Scope(0.01), 0.5) for near in ([NEAR], [NEAR, rival]))
    assert disputed.chance < alone.chance


def test_an_explanation_is_plain_and_names_what_differs() -> None:
    twin = Candidate("2", "How do I cancel 2 orders?", "b", 0.6)
    told = json.loads(json.dumps(explained(decide(ASKED, [NEAR, twin], Scope(0.01), 0.5))))
    assert told["hit"] is True
    assert told["neighbours"][1]["differs"][0]["kind"] == "number"
    assert told["neighbours"][1]["blocked"] is True


@given(
    st.lists(st.tuples(st.text(max_size=40), st.sampled_from("abc"), st.floats(-1, 1)), max_size=12),
    st.text(max_size=40),
)
def test_whatever_is_asked_the_chance_is_one_and_the_choice_a_candidate(
    found: list[tuple[str, str, float]], text: str
) -> None:
    near = [Candidate(str(number), *each) for number, each in enumerate(found)]
    decision = decide(text, near, Scope(0.01), 0.5)
    assert 0.0 <= decision.chance <= 1.0
    assert decision.chosen is None or decision.chosen in near
    assert len(decision.judged) <= MOST


def test_features_are_named_one_by_one() -> None:
    weighed = weigh((judge(remembered(ASKED), NEAR),))
    assert weighed is not None
    assert len(weighed[1]) == len(NAMES) == len(packaged().names)


def test_a_decision_over_eight_neighbours_takes_well_under_a_millisecond() -> None:
    near = [Candidate(str(number), f"how can I cancel the order for a {word}", "a", 0.9) for number, word in
            enumerate(["lamp", "chair", "table", "sofa", "shelf", "desk", "stool", "bench"])]  # fmt: skip
    scope = Scope(0.01)
    decide(ASKED, near, scope, 0.5)
    took = []
    for _ in range(30):
        before = time.process_time_ns()
        decide(ASKED, near, scope, 0.5)
        took.append(time.process_time_ns() - before)
    assert sorted(took)[len(took) // 2] < 1_500_000


@pytest.mark.parametrize("text", ["a " * 50_000, "1" * 50_000, "'" * 50_000, "please " * 20_000, "a-" * 30_000])
def test_hostile_texts_cost_little(text: str) -> None:
    before = time.process_time()
    decide(text, [Candidate("1", text + "x", "a", 0.99)], Scope(0.01), 0.5)
    assert time.process_time() - before < 1.0

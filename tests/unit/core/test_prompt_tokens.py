"""Estimates of a prompt's tokens from its bytes: the kinds of text, what is learned, and what is not believed."""

from __future__ import annotations

import base64
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core import prompt_tokens
from stellwerk.core.prompt_tokens import (
    ACCENTED,
    CODE,
    DATA,
    DENSE,
    ESCAPED,
    FADES,
    LATIN,
    LEAST_COUNTS,
    OTHER,
    WIDE,
    Factor,
    PromptFactors,
    glance,
)

ENGLISH = "The signal box sets the route of every train and keeps all the others away from it. " * 40
GERMAN = "Das Stellwerk stellt die Fahrstraße für jeden Zug und hält die übrigen zurück. " * 40
CHINESE = "信号楼为每列火车安排进路。" * 200


def body(text: str, *, is_escaped: bool = False) -> bytes:
    """A chat request with one message."""
    asked = {"model": "m", "messages": [{"role": "user", "content": text}]}
    return json.dumps(asked, ensure_ascii=is_escaped, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("sample", "kind"),
    [
        (body(ENGLISH), LATIN),
        (body(GERMAN), ACCENTED),
        (body("for (i = 0; i < n; i++) { a[i] = f(b[i], c->d); }\n" * 60), CODE),
        (body("10.0.0.17 2026-11-26 04:28:35 GET 200 5120 0.0031 " * 60), DATA),
        (body(base64.b64encode(random.Random(1).randbytes(3_000)).decode()), DENSE),
        (body(CHINESE), WIDE),
        (body("Пост централизации устанавливает маршрут каждого поезда. " * 40), OTHER),
        (body(CHINESE, is_escaped=True), ESCAPED),
    ],
)
def test_kinds_of_text_are_told_by_a_sample(sample: bytes, kind: int) -> None:
    assert glance(sample)[0] == kind


@given(st.binary(max_size=2_000))
def test_any_bytes_have_an_estimate(data: bytes) -> None:
    kind, tokens = glance(data)
    assert 0 <= kind < prompt_tokens.KINDS
    assert 0 < tokens <= len(data) + 1
    factors = PromptFactors()
    assert factors.likely(data) >= 1
    assert factors.known(data) is None
    assert factors.most(data) is None


def test_nothing_learned_is_the_estimate_of_the_weights() -> None:
    data = body(ENGLISH)
    assert PromptFactors().likely(data) == round(glance(data)[1])


def test_what_a_model_counts_is_learned_for_each_kind_of_text() -> None:
    factors, english, chinese = PromptFactors(), body(ENGLISH), body(CHINESE)
    before = factors.likely(chinese)
    for _ in range(500):
        factors.learn(english, 900)
    assert factors.likely(english) == pytest.approx(900, rel=0.02)
    assert factors.known(english) == factors.likely(english)
    most = factors.most(english)
    assert most is not None
    assert 900 <= most <= 1_100
    assert factors.likely(chinese) == before
    assert factors.known(chinese) is None


def test_the_first_counts_weigh_more_and_later_ones_never_less_than_their_share() -> None:
    factor = Factor()
    factor.add(3.0)
    assert factor.mean == 2.0
    for _ in range(1_000):
        factor.add(3.0)
    assert factor.mean == pytest.approx(3.0)
    before = factor.mean
    factor.add(1.0)
    assert before - factor.mean == pytest.approx((before - 1.0) * FADES)


@given(st.lists(st.floats(0.3, 3.0), min_size=20, max_size=200))
def test_the_mean_stays_among_what_was_counted(ratios: list[float]) -> None:
    factor = Factor()
    for ratio in ratios:
        factor.add(ratio)
    assert min(*ratios, 1.0) <= factor.mean <= max(*ratios, 1.0)
    assert factor.variance >= 0


def test_two_deviations_cover_what_varies() -> None:
    factors, data, draw = PromptFactors(), body(ENGLISH), random.Random(1)
    for _ in range(2_000):
        factors.learn(data, round(draw.gauss(800, 80)))
    most = factors.most(data)
    assert most is not None
    assert 880 < most < 1_150


def test_what_cannot_have_been_in_the_body_is_not_learned() -> None:
    factors, data = PromptFactors(), body(ENGLISH)
    factors.learn(data, len(data) + 351)  # more tokens than bytes: of an earlier turn that is stored
    factors.learn(data, 10)
    factors.learn(data, round(glance(data)[1] * 4.1))
    assert factors.learned == 0
    factors.learn(data, 800)
    assert factors.learned == 1


def test_once_a_kind_is_known_few_requests_are_looked_at() -> None:
    factors, data = PromptFactors(), body(ENGLISH)
    for _ in range(LEAST_COUNTS + 1 + 80):
        factors.learn(data, 800)
    assert factors.learned == LEAST_COUNTS + 1 + 10


def test_what_another_process_knew_better_is_taken_over() -> None:
    here, there, data = PromptFactors(), PromptFactors(), body(ENGLISH)
    for _ in range(50):
        there.learn(data, 900)
    here.meet(there.dump())
    assert here.likely(data) == there.likely(data)
    fresher = PromptFactors()
    fresher.learn(data, 600)
    told = here.dump()
    here.meet(fresher.dump())
    assert here.dump() == told


@pytest.mark.parametrize("told", [{99: (5, 1.0, 0.0)}, {-1: (5, 1.0, 0.0)}, {0: (5, 0.0, 0.0)}, {0: (5, 1.0, -1.0)}])
def test_what_makes_no_sense_is_not_taken_over(told: dict[int, tuple[int, float, float]]) -> None:
    here = PromptFactors()
    here.meet(told)
    assert here.dump() == {}

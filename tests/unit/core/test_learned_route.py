"""The file of a learned route, and what it says of prompts."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.learned_route import (
    MAX_CUTS,
    Cut,
    Head,
    LearnedRoute,
    Scorer,
    decode,
    encode,
    packed,
    scale,
    sigmoid,
)
from stellwerk.core.prompt_features import features
from stellwerk.errors import ConfigurationError

CUTS = (Cut(0.9, 0.1, 0.999), Cut(0.8, 0.3, 0.99), Cut(0.5, 1.0, 0.9))


def route(**changed: object) -> LearnedRoute:
    """A route that knows all features of two words, for better and for worse."""
    known = sorted({*features("easy"), *features("hard")})
    easy, hard = set(features("easy")), set(features("hard"))
    plain = LearnedRoute(
        format=1,
        features=packed("I", known),
        worse=Head(-1.0, packed("f", [2.0 * ((one in hard) - (one in easy)) for one in known])),
        better=Head(-3.0, packed("f", [float(one in easy and one not in hard) for one in known])),
        slope=2.0,
        offset=1.0,
        rows=100,
        cuts=CUTS,
        confidence=0.9,
    )
    return msgspec.structs.replace(plain, **changed)


def test_what_is_written_is_read_again() -> None:
    assert decode(encode(route())) == route()


def test_known_words_move_the_probability_and_strange_ones_do_not() -> None:
    scorer = Scorer(route())
    strange = scorer.probability("")
    assert scorer.probability("easy") > strange > scorer.probability("hard")


def test_words_that_were_never_seen_draw_a_text_towards_the_average() -> None:
    scorer = Scorer(route())
    known = [feature for feature in features("easy") if feature not in set(features("hard"))]
    alone, among, average = (scorer.advantage(found) for found in (known, [*known, *range(1, 50)], []))
    assert alone > among > average


@pytest.mark.parametrize(
    ("floor", "expected"), [(0.5, CUTS[2]), (0.95, CUTS[1]), (0.99, CUTS[1]), (0.995, CUTS[0]), (1.0, None)]
)
def test_the_loosest_threshold_that_keeps_the_floor_is_chosen(floor: float, expected: Cut | None) -> None:
    assert route().cut(floor) == expected


@given(st.floats())
def test_a_sigmoid_is_a_probability(value: float) -> None:
    assert math.isnan(value) or 0.0 <= sigmoid(value) <= 1.0


def test_a_text_without_features_has_no_scale() -> None:
    assert scale(0) == 0.0
    assert scale(4) == 0.5


@given(st.binary())
def test_no_content_does_more_than_be_refused(content: bytes) -> None:
    with pytest.raises(ConfigurationError):
        decode(content)


DAMAGED = {
    "another format": (route(format=2), "expected a model of format 1, found format 2; learn it again"),
    "half a feature": (
        route(features=b"abc", worse=Head(0.0, b"abc"), better=Head(0.0, b"abc")),
        "not of one length",
    ),
    "a weight too few": (route(features=route().features + b"abcd"), "not of one length"),
    "no number": (route(slope=math.nan), "a weight is no number"),
    "no number among the weights": (
        route(features=b"abcd", worse=Head(0.0, packed("f", [math.inf])), better=Head(0.0, packed("f", [0.0]))),
        "a weight is no number",
    ),
    "too many thresholds": (route(cuts=CUTS * MAX_CUTS), "more than 1,000 thresholds"),
    "no probability": (route(cuts=(Cut(1.5, 0.1, 0.9),)), "a threshold is no probability"),
    "no promise": (route(cuts=(Cut(0.5, 0.1, math.nan),)), "a threshold is no probability"),
}


@pytest.mark.parametrize(("damaged", "expected"), DAMAGED.values(), ids=list(DAMAGED))
def test_a_damaged_file_is_refused(damaged: LearnedRoute, expected: str) -> None:
    with pytest.raises(ConfigurationError, match=expected):
        decode(encode(damaged))

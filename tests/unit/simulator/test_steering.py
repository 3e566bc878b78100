"""What requests say about their own answers."""

import pytest

from stellwerk.simulator.refusal import Refusal
from stellwerk.simulator.steering import NOTHING, Steering, read_steering, steered_fault, without_markers


def test_a_request_that_says_nothing_is_left_alone() -> None:
    assert read_steering(None, "See [[this page]] and [1, [2]] and [[a=b]].") is NOTHING
    assert read_steering(b" ; ", "") is NOTHING


def test_the_header_is_read_with_its_types() -> None:
    steering = read_steering(b"fault=cut; after_events=2; reset; ttft_ms=50.5; tokens=20; say=one%3B two", "")
    assert steering == Steering(fault="cut", after_events=2, reset=True, ttft_ms=50.5, tokens=20, say="one; two")


def test_markers_in_the_text_say_the_same_and_the_header_wins() -> None:
    text = "Please [[ fault=429; retry_after_s=3 ]] answer [[tokens=5]] [[refusal]]"
    assert read_steering(None, text) == Steering(fault="429", retry_after_s=3.0, tokens=5, refusal=True)
    assert read_steering(b"fault=none; tokens=7", text).tokens == 7


def test_markers_are_taken_out_of_the_text() -> None:
    assert without_markers("Hello [[fault=429]]you[[refusal]], see [[page]]") == "Hello you, see [[page]]"
    assert without_markers("plain") == "plain"


def test_a_fault_gets_its_own_fields() -> None:
    fault = steered_fault(read_steering(b"fault=malformed; shape=html; code=x; delay_ms=3", ""))
    assert fault is not None
    assert (fault.kind, fault.shape, fault.code, fault.delay_ms) == ("malformed", "html", "x", 3.0)
    assert steered_fault(Steering(fault="none")) is None


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"falt=429", "falt: unknown key; did you mean fault?"),
        (b"tokens=many; ttft_ms=x", "tokens: expected int | null, got str; ttft_ms: expected float | null, got str"),
        (b"tokens=-1", "expected times and amounts that are not negative"),
        (b"refusal=perhaps", "refusal: expected bool"),
    ],
)
def test_what_is_not_understood_is_refused_with_every_reason(header: bytes, reason: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_steering(header, "")
    assert reason in caught.value.message
    assert caught.value.status == 400


@pytest.mark.parametrize("header", [b"fault=nonsense", b"fault=malformed; shape=round", b"fault=cut; after_events=-2"])
def test_a_fault_that_cannot_be_is_refused(header: bytes) -> None:
    with pytest.raises(Refusal, match="The simulator cannot do what was asked"):
        steered_fault(read_steering(header, ""))

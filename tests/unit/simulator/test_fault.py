"""Faults and the plan of them."""

import pytest

from stellwerk.simulator import Fault, PlannedFault
from stellwerk.simulator.dice import Dice
from stellwerk.simulator.fault import planned


def _failing(fault: PlannedFault, numbers: range, *, elapsed_s: float = 0.0, model: str = "m") -> list[int]:
    dice = Dice(b"x")
    return [number for number in numbers if planned((fault,), number, elapsed_s, model, dice) is fault]


def test_a_plan_goes_by_number() -> None:
    assert _failing(PlannedFault(kind=500, requests=(10, 19)), range(1, 30)) == list(range(10, 20))
    assert _failing(PlannedFault(kind=500, every=7), range(1, 30)) == [7, 14, 21, 28]
    assert _failing(PlannedFault(kind=500, every=7, requests=(1, 10)), range(1, 30)) == [7]


def test_a_plan_goes_by_time_and_model() -> None:
    fault = PlannedFault(kind="hang", seconds=(5, 9), models=("m",))
    assert _failing(fault, range(1, 2), elapsed_s=4.9) == []
    assert _failing(fault, range(1, 2), elapsed_s=5) == [1]
    assert _failing(fault, range(1, 2), elapsed_s=9.1) == []
    assert _failing(fault, range(1, 2), elapsed_s=6, model="other") == []


def test_a_plan_goes_by_probability() -> None:
    assert 220 < len(_failing(PlannedFault(kind=503, probability=0.25), range(1, 1_001))) < 280
    assert _failing(PlannedFault(kind=503, probability=0), range(1, 100)) == []


def test_the_first_fault_that_applies_is_taken() -> None:
    faults = (PlannedFault(kind=500, every=2), PlannedFault(kind=429))
    assert [planned(faults, number, 0, "m", Dice(b"x")) for number in (1, 2)] == [faults[1], faults[0]]
    assert planned((), 1, 0, "m", Dice(b"x")) is None


@pytest.mark.parametrize(("kind", "status"), [(429, 429), ("503", 503), ("hang", None), (529, 529)])
def test_a_kind_is_a_status_or_a_behaviour(kind: int | str, status: int | None) -> None:
    fault = Fault(kind=kind)
    assert fault.status == status
    assert fault.name == str(kind)


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": 200},
        {"kind": 600},
        {"kind": "explode"},
        {"kind": "cut", "after_events": -1},
        {"kind": 500, "delay_ms": -1},
        {"kind": "slow_drip", "byte_ms": 0},
        {"kind": 429, "retry_after_s": -1},
        {"kind": "short_length", "length_offset": 0},
        {"kind": 500, "requests": (0, 3)},
        {"kind": 500, "requests": (3, 2)},
        {"kind": 500, "seconds": (3, 2)},
        {"kind": 500, "every": 0},
        {"kind": 500, "probability": 1.5},
    ],
)
def test_what_no_fault_can_be_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected"):
        PlannedFault(**fields)  # type: ignore[arg-type]

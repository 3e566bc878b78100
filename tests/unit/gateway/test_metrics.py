"""Counters: what becomes a series, what several workers add up to, and what Prometheus is shown."""

from __future__ import annotations

import msgspec
import pytest

from stellwerk.gateway.metrics import BUCKETS_S, Metrics, Series, merge, render
from tests.unit.gateway.events import event

DONE = '{model="plain",target="one/gpt-5-mini",outcome="complete",status="200"'


def text_of(*metrics: Metrics, **gauges: float) -> list[str]:
    """What Prometheus is shown of some workers."""
    return render(merge([one.dump() for one in metrics]), gauges).decode().splitlines()


def counted(*events_: object) -> Metrics:
    """The counters after some events."""
    metrics = Metrics(["plain"])
    for one in events_:
        metrics.count(one)  # type: ignore[arg-type]
    return metrics


def test_requests_and_tokens_add_up() -> None:
    lines = text_of(counted(event(), event(), event(status=502, outcome="failed", error="x", provider="two")))
    assert f"stellwerk_requests_total{DONE}}} 2" in lines
    assert f'stellwerk_tokens_total{DONE},direction="input"}} 22' in lines
    assert f'stellwerk_tokens_total{DONE},direction="output"}} 14' in lines
    failed = '{model="plain",target="two/gpt-5-mini",outcome="failed",status="502"}'
    assert f"stellwerk_requests_total{failed} 1" in lines


def test_what_guardrails_have_made_of_requests_adds_up() -> None:
    told = ("pass; pii=pass", "block, degraded; pii=block; azure=failed:timeout", "pass; pii=pass")
    one, two = (
        counted(event(guardrails=told[0]), event(guardrails=told[1]), event()),
        counted(event(guardrails=told[2])),
    )
    lines = text_of(one, two)
    assert f'stellwerk_guardrail_decisions_total{DONE},decision="pass",degraded="false"}} 2' in lines
    assert f'stellwerk_guardrail_decisions_total{DONE},decision="block",degraded="true"}} 1' in lines
    assert not any("guardrail" in line for line in text_of(counted(event())))


def test_times_are_seconds() -> None:
    lines = text_of(counted(event(latency_us=1_500_000, overhead_us=250), event(latency_us=500_000, overhead_us=250)))
    assert f"stellwerk_overhead_seconds_total{DONE}}} 0.000500" in lines
    assert f"stellwerk_request_duration_seconds_sum{DONE}}} 2.000000" in lines
    assert f"stellwerk_request_duration_seconds_count{DONE}}} 2" in lines


@pytest.mark.parametrize(
    ("latency_us", "first_bound"),
    [(0, "0.005"), (5_000, "0.005"), (5_001, "0.01"), (300_000_000, "300"), (300_000_001, "+Inf")],
)
def test_a_bound_contains_what_is_equal_to_it(latency_us: int, first_bound: str) -> None:
    lines = text_of(counted(event(latency_us=latency_us)))
    bounds = [*(f"{bound:g}" for bound in BUCKETS_S), "+Inf"]
    values = [f'stellwerk_request_duration_seconds_bucket{DONE},le="{bound}"}} 1' in lines for bound in bounds]
    assert values.index(True) == bounds.index(first_bound)
    assert all(values[values.index(True) :])


def test_a_model_that_is_not_configured_is_no_label() -> None:
    metrics = counted(*(event(model=f"scan-{number}", provider="", provider_model="") for number in range(50)))
    lines = text_of(metrics)
    assert 'stellwerk_requests_total{model="",target="",outcome="complete",status="200"} 50' in lines
    assert len([line for line in lines if line.startswith("stellwerk_requests_total{")]) == 1


def test_what_a_new_configuration_knows_becomes_a_label_and_what_was_counted_stays() -> None:
    metrics = counted(event())
    metrics.know(["later"])
    metrics.count(event(model="later"))
    lines = text_of(metrics)
    assert f"stellwerk_requests_total{DONE}}} 1" in lines
    assert any('model="later"' in line for line in lines)


def test_workers_are_added_up_and_nobodys_counters_change_by_it() -> None:
    one, two = counted(event(), event()), counted(event(), event(status=400, outcome="failed"))
    assert f"stellwerk_requests_total{DONE}}} 3" in text_of(one, two)
    assert f"stellwerk_requests_total{DONE}}} 2" in text_of(one)


def test_a_successor_goes_on_counting() -> None:
    successor = Metrics(["plain"])
    successor.restore(counted(event()).dump())
    successor.count(event())
    assert f"stellwerk_requests_total{DONE}}} 2" in text_of(successor)


def test_a_dump_says_once_that_there_is_news() -> None:
    metrics = counted(event())
    news = [metrics.has_changed]
    metrics.dump()
    news.append(metrics.has_changed)
    metrics.count(event())
    news.append(metrics.has_changed)
    assert news == [True, False, True]


@pytest.mark.parametrize(
    "dump",
    [b"", b"\xff", msgspec.msgpack.encode([1, 2]), msgspec.msgpack.encode([{"model": "plain"}])],
    ids=["nothing", "garbage", "numbers", "half a series"],
)
def test_a_dump_that_cannot_be_read_is_left_out(dump: bytes) -> None:
    successor = Metrics(["plain"])
    successor.restore(dump)
    successor.count(event())
    assert f"stellwerk_requests_total{DONE}}} 1" in text_of(successor)
    assert len(merge([dump, counted(event()).dump(), dump])) == 1


@pytest.mark.parametrize("buckets", [[], [1], [0] * (len(BUCKETS_S) + 2)], ids=len)
def test_a_dump_with_other_bounds_is_left_out_too(buckets: list[int]) -> None:
    """Two versions meet on one host while one replaces the other."""
    other = msgspec.msgpack.encode([Series("plain", "one", "gpt-5-mini", "complete", 200, buckets=buckets)])
    successor = Metrics(["plain"])
    successor.restore(other)
    successor.count(event())
    assert f"stellwerk_requests_total{DONE}}} 1" in text_of(successor)
    assert f"stellwerk_requests_total{DONE}}} 1" in render(merge([other, counted(event()).dump()]), {}).decode()
    assert b"stellwerk_requests_total{" not in render(merge([other]), {})


def test_gauges_stand_with_their_own_type() -> None:
    lines = text_of(Metrics([]), stellwerk_workers=2.0, stellwerk_lag_seconds=0.25, stellwerk_served_total=1e15)
    assert "stellwerk_workers 2" in lines
    assert "stellwerk_lag_seconds 0.25" in lines
    assert "stellwerk_served_total 1000000000000000" in lines
    assert "# TYPE stellwerk_workers gauge" in lines
    assert "# TYPE stellwerk_served_total counter" in lines


def test_what_stands_in_labels_is_escaped() -> None:
    name = 'a"b\\c\nd'
    metrics = Metrics([name])
    metrics.count(event(model=name))
    lines = text_of(metrics)
    assert any('model="a\\"b\\\\c\\nd"' in line for line in lines)

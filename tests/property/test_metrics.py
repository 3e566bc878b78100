"""However events are spread over workers and dumps, the sums are those of all events together."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.event import RequestEvent
from stellwerk.gateway.metrics import Metrics, Series, merge
from tests.unit.gateway.events import event

NAMES = st.sampled_from(["plain", "other", "unknown", ""])
EVENTS = st.builds(
    event,
    model=NAMES,
    provider=st.sampled_from(["one", "two", ""]),
    outcome=st.sampled_from(["complete", "failed", "truncated", "cancelled"]),
    status=st.sampled_from([200, 400, 499, 502]),
    latency_us=st.integers(0, 10**10),
    overhead_us=st.integers(0, 10**9),
    input_tokens=st.integers(0, 10**6),
    output_tokens=st.integers(0, 10**6),
)
KNOWN = ["plain", "other"]


def workers_of(parts: list[list[RequestEvent]]) -> list[Metrics]:
    """Workers that have counted a part each."""
    workers = []
    for part in parts:
        workers.append(Metrics(KNOWN))
        for one in part:
            workers[-1].count(one)
    return workers


def sums(series: list[Series]) -> dict[object, tuple[int, ...]]:
    """What the series say, by what they count."""
    return {
        row.key: (
            row.requests,
            row.input_tokens,
            row.output_tokens,
            row.latency_sum_us,
            row.overhead_sum_us,
            *row.buckets,
        )
        for row in series
    }


@given(st.lists(st.lists(EVENTS, max_size=15), min_size=1, max_size=4))
def test_merged_workers_are_one_worker_that_saw_it_all(parts: list[list[RequestEvent]]) -> None:
    together = workers_of([[one for part in parts for one in part]])
    merged = sums(merge([worker.dump() for worker in workers_of(parts)]))
    assert merged == sums(merge([together[0].dump()]))
    assert sum(found[0] for found in merged.values()) == sum(map(len, parts))


@given(st.lists(EVENTS, max_size=20), st.integers(0, 20))
def test_a_successor_continues_where_its_predecessor_ended(seen: list[RequestEvent], place: int) -> None:
    (predecessor,) = workers_of([seen[:place]])
    successor = Metrics(KNOWN)
    successor.restore(predecessor.dump())
    for one in seen[place:]:
        successor.count(one)
    assert sums(merge([successor.dump()])) == sums(merge([workers_of([seen])[0].dump()]))


@given(st.lists(EVENTS, max_size=30))
def test_labels_come_from_the_configuration_alone(seen: list[RequestEvent]) -> None:
    (worker,) = workers_of([seen])
    found = Counter[str]()
    for row in merge([worker.dump()]):
        found[row.model] += row.requests
    expected = Counter(one.model if one.model in KNOWN else "" for one in seen)
    assert found == expected

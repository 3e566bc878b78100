"""What every store of events does, whichever database is behind it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import cast

import msgspec
import pytest

from stellwerk import plugins
from stellwerk.core.event import RequestEvent
from stellwerk.errors import ConfigurationError
from stellwerk.ports.store import EventStore
from stellwerk.stores.sqlite.read import read_events
from tests.unit.stores.events import DAY_MS, NOON_MS, make_event, make_events

Reader = Callable[[Path], list[RequestEvent]]


def read_sqlite(directory: Path) -> list[RequestEvent]:
    return list(read_events(directory, first_day=date(2025, 11, 20), last_day=date(2025, 11, 30)))


READERS: dict[str, Reader] = {"sqlite": read_sqlite}
"""How to look at what a store holds, newest first: the port itself only writes."""


@pytest.fixture(params=plugins.shelf("stores"))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def store(name: str, tmp_path: Path) -> EventStore:
    return cast("EventStore", plugins.build("stores", name, {}, directory=tmp_path))


@pytest.fixture
def stored(name: str, tmp_path: Path) -> Callable[[], list[RequestEvent]]:
    return lambda: READERS[name](tmp_path)


def test_events_are_kept_as_they_were(store: EventStore, stored: Callable[[], list[RequestEvent]]) -> None:
    events = make_events(3)
    store.append(events)
    store.close()
    assert stored() == events[::-1]


def test_what_was_appended_can_be_read_before_the_store_is_closed(
    store: EventStore, stored: Callable[[], list[RequestEvent]]
) -> None:
    store.append(make_events(7))
    assert len(stored()) == 7
    store.close()


@pytest.mark.parametrize("count", [0, 1, 4, 5, 24, 25, 26, 99, 100, 101, 231, 1_234])
def test_a_batch_of_any_size_is_written_whole(
    store: EventStore, stored: Callable[[], list[RequestEvent]], count: int
) -> None:
    events = make_events(count)
    store.append(events)
    store.close()
    assert stored() == events[::-1]


def test_a_batch_that_is_given_again_is_not_written_twice(
    store: EventStore, stored: Callable[[], list[RequestEvent]]
) -> None:
    events = make_events(30)
    store.append(events[:20])
    store.append(events)
    store.close()
    assert stored() == events[::-1]


def test_a_batch_may_hold_several_days(store: EventStore, stored: Callable[[], list[RequestEvent]]) -> None:
    events = [make_event(NOON_MS + day * DAY_MS, number) for number in range(40) for day in (0, 2, 1)]
    store.append(events)
    store.close()
    assert sorted(stored(), key=lambda event: event.request_id) == sorted(events, key=lambda event: event.request_id)


@pytest.mark.parametrize("text", ["", "Grüße 🚉", "nul \0 inside", "'); DROP TABLE event; --", "x" * 100_000])
def test_any_text_is_kept(store: EventStore, stored: Callable[[], list[RequestEvent]], text: str) -> None:
    event = msgspec.structs.replace(make_event(), model=text, tags=text)
    store.append([event])
    store.close()
    assert stored() == [event]


def test_what_a_database_cannot_hold_is_cut_and_the_rest_of_the_batch_is_kept(
    store: EventStore, stored: Callable[[], list[RequestEvent]]
) -> None:
    first, second, third = make_events(3)
    odd = msgspec.structs.replace(second, model="half \ud83d a pair", reply_bytes=2**70)
    store.append([first, odd, third])
    store.close()
    assert stored() == [third, msgspec.structs.replace(second, model="half ? a pair", reply_bytes=2**63 - 1), first]


def test_closing_twice_is_closing_once(store: EventStore, stored: Callable[[], list[RequestEvent]]) -> None:
    store.append(make_events(1))
    store.close()
    store.close()
    assert len(stored()) == 1


def test_an_unknown_option_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no_such_option"):
        plugins.build("stores", name, {"no_such_option": 1}, directory=tmp_path)

"""What callers say of answers, beside the requests in their day's file."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from stellwerk.core.event import RequestEvent
from stellwerk.core.feedback import BAD, GOOD, Feedback
from stellwerk.errors import StoreUnavailable
from stellwerk.stores.sqlite.day_file import DAY_MS, path_of
from stellwerk.stores.sqlite.feedback import find_feedback, keep_feedback
from stellwerk.stores.sqlite.read import find_event
from stellwerk.stores.sqlite.schema import MIGRATIONS, migrate
from stellwerk.stores.sqlite.store import SqliteEvents
from tests.unit.stores.events import NOON_MS, make_event


@pytest.fixture
def event(tmp_path: Path) -> RequestEvent:
    """A request on record."""
    found = make_event()
    store = SqliteEvents(tmp_path, retention_days=30, busy_timeout_s=1.0, wall_clock=lambda: NOON_MS / 1000)
    store.append([found])
    store.close()
    return found


def of(event: RequestEvent, value: int, comment: str = "") -> Feedback:
    return Feedback(event.request_id, NOON_MS + 5, "web", value, comment)


def test_the_last_word_counts_and_the_first_bad_one_is_told_once(tmp_path: Path, event: RequestEvent) -> None:
    assert find_feedback(tmp_path, event) is None
    told = [keep_feedback(tmp_path, event, of(event, value, "why")) for value in (GOOD, BAD, BAD, GOOD, BAD)]
    assert told == [False, True, False, False, False]
    assert find_feedback(tmp_path, event) == of(event, BAD, "why")
    assert find_event(tmp_path, event.request_id) == event
    assert find_feedback(tmp_path, msgspec.structs.replace(event, request_id="another")) is None


def older(path: Path, steps: Sequence[Sequence[str]]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, steps)


def test_a_file_of_an_older_version_has_none_and_takes_some(tmp_path: Path) -> None:
    event = make_event()
    older(path_of(tmp_path, NOON_MS // DAY_MS), MIGRATIONS[:8])
    assert find_feedback(tmp_path, event) is None
    assert keep_feedback(tmp_path, event, of(event, BAD))
    assert find_feedback(tmp_path, event) == of(event, BAD)


def test_a_file_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    event = make_event()
    path_of(tmp_path, NOON_MS // DAY_MS).mkdir()
    with pytest.raises(StoreUnavailable):
        keep_feedback(tmp_path, event, of(event, BAD))
    with pytest.raises(StoreUnavailable):
        find_feedback(tmp_path, event)


def test_where_no_day_is_there_is_nothing(tmp_path: Path) -> None:
    assert find_feedback(tmp_path, make_event()) is None

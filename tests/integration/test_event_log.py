"""The log of events under faults: killed processes, several writers, a full disk, a locked or damaged file, midnight.

Run as a program, this file is the other process of its tests.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from stellwerk.analytics.writer import EventWriter, WriterStatistics
from stellwerk.core.event import RequestEvent
from stellwerk.errors import StoreUnavailable
from stellwerk.stores.sqlite import Settings, build
from stellwerk.stores.sqlite.read import read_events

DAY_MS = 86_400_000
BATCH = 130


EVENT = RequestEvent(
    *(0, "", "openai_chat", "web", "shop", "smart", "openai", "gpt-5.2", "complete", 200, "", False, 1),
    *(850_000, 120_000, 90, 900, 300, 64, 32, 16, 1_024, 1_200, "stop", ""),
)


def make_events(count: int, started_ms: int, source: int = 0) -> list[RequestEvent]:
    """Events one millisecond apart, with ids that no other ``source`` has."""
    return [
        msgspec.structs.replace(EVENT, started_ms=stamp, request_id=f"{stamp:012x}7{source:03x}{stamp:016x}")
        for stamp in range(started_ms, started_ms + count)
    ]


def say(text: object) -> None:
    """Tells the test something, from its other process."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def noon_ms() -> int:
    """Noon of this day: recent enough to be kept, and far from midnight."""
    return int(time.time() * 1000) // DAY_MS * DAY_MS + DAY_MS // 2


def stored(directory: Path) -> list[RequestEvent]:
    """Everything of these days, oldest first."""
    today = datetime.now(UTC).date()
    return list(read_events(directory, first_day=today - timedelta(days=3), last_day=today + timedelta(days=3)))[::-1]


def in_order(events: list[RequestEvent]) -> list[RequestEvent]:
    return sorted(events, key=lambda event: (event.started_ms, event.request_id))


def is_whole(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return bool(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",))


def eventually(condition: Callable[[], object], within_s: float = 20) -> None:
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, f"not true within {within_s} s"
        threading.Event().wait(0.005)


def other_process(task: str, directory: Path, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, task, str(directory), *(str(argument) for argument in arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[EventWriter]:
    store = build(Settings(busy_timeout_s=0.05), directory=tmp_path)
    writer = EventWriter(store, interval_s=0.01, max_backoff_s=0.05, batch=500)
    yield writer
    writer.close(20)


def record_all(writer: EventWriter, events: list[RequestEvent]) -> WriterStatistics:
    for event in events:
        writer.record(event)
    return writer.statistics()


def numbered_batch(started_ms: int, number: int) -> list[RequestEvent]:
    return make_events(BATCH, started_ms + number * BATCH)


def append_until_killed(directory: Path, started_ms: int) -> None:
    """Writes batch after batch and says so after each."""
    store = build(Settings(), directory=directory)
    for number in range(100_000):
        store.append(numbered_batch(started_ms, number))
        say(number)


@pytest.mark.parametrize("acknowledged", [1, 7, 40, 90])
def test_a_killed_process_loses_nothing_that_was_acknowledged_and_tears_no_batch(
    tmp_path: Path, acknowledged: int
) -> None:
    started_ms = noon_ms()
    with other_process("append_until_killed", tmp_path, started_ms) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(acknowledged)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.readlines()
    batches, rest = divmod(len(stored(tmp_path)), BATCH)
    assert rest == 0
    assert batches in {len(lines), len(lines) + 1}
    assert stored(tmp_path) == [event for number in range(batches) for event in numbered_batch(started_ms, number)]
    (path,) = tmp_path.glob("*.db")
    assert is_whole(path)


def append_quickly(directory: Path, started_ms: int, source: int) -> None:
    """Writes 30,000 rows as a worker does, in batches of a quarter of a second's 5,000."""
    events = make_events(30_000, started_ms, source)
    store = build(Settings(), directory=directory)
    say("ready")
    sys.stdin.readline()
    started = time.monotonic()
    for start in range(0, len(events), 1_250):
        store.append(events[start : start + 1_250])
    say(json.dumps({"elapsed_s": time.monotonic() - started}))
    store.close()


def test_two_processes_write_5000_rows_a_second_each_without_a_lock_error(tmp_path: Path) -> None:
    started_ms = noon_ms()
    processes = [other_process("append_quickly", tmp_path, started_ms, source) for source in (1, 2)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    outputs = []
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        outputs.append(process.communicate(timeout=50)[0])
        assert process.returncode == 0
    assert [json.loads(output)["elapsed_s"] < 6 for output in outputs] == [True, True]
    expected = make_events(30_000, started_ms, 1) + make_events(30_000, started_ms, 2)
    assert stored(tmp_path) == in_order(expected)
    (path,) = tmp_path.glob("*.db*")
    assert is_whole(path)


def hold(directory: Path) -> None:
    """Keeps the day's write lock until told otherwise."""
    (path,) = directory.glob("*.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        say("held")
        sys.stdin.readline()
        connection.execute("ROLLBACK")


def test_a_file_locked_by_another_process_is_written_when_it_is_free(tmp_path: Path, writer: EventWriter) -> None:
    events = make_events(3_000, noon_ms())
    record_all(writer, events[:10])
    eventually(lambda: writer.statistics().written == 10)
    with other_process("hold", tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        record_all(writer, events[10:])
        eventually(lambda: "another process holds it" in writer.statistics().last_error)
        assert writer.statistics().written == 10
        process.communicate("release\n")
    eventually(lambda: writer.statistics().written == 3_000)
    assert stored(tmp_path) == events
    assert writer.statistics().dropped == 0


def test_a_file_damaged_while_it_is_written_is_moved_aside_and_the_log_goes_on(
    tmp_path: Path, writer: EventWriter
) -> None:
    started_ms = noon_ms()
    events = make_events(3_000, started_ms)
    record_all(writer, events[:1_000])
    eventually(lambda: writer.statistics().written == 1_000)
    (path,) = tmp_path.glob("*.db")
    for damaged in (path, path.with_name(f"{path.name}-wal")):
        damaged.write_bytes(b"\xff" * damaged.stat().st_size)
    # SQLite trusts what it has read before; a worker that starts looks at the file.
    with other_process("append_quickly", tmp_path, started_ms, 2) as other:
        other.communicate("go\n")
    record_all(writer, events[1_000:])
    assert writer.close(20)
    assert writer.statistics().last_error == ""
    expected = make_events(30_000, started_ms, 2) + events[1_000:]
    assert stored(tmp_path) == in_order(expected)
    assert is_whole(path)
    assert [found.name for found in tmp_path.glob("*.corrupt-?")] == [f"{path.name}.corrupt-1"]


def test_events_around_midnight_are_on_their_own_days(tmp_path: Path, writer: EventWriter) -> None:
    midnight_ms = noon_ms() // DAY_MS * DAY_MS
    events = make_events(4_000, midnight_ms - 2_000)
    record_all(writer, events[1::2] + events[::2])
    assert writer.close(20)
    today = date(1970, 1, 1) + timedelta(days=midnight_ms // DAY_MS)
    for day, expected in ((today - timedelta(days=1), events[:2_000]), (today, events[2_000:])):
        assert list(read_events(tmp_path, first_day=day, last_day=day)) == expected[::-1]
    assert len(list(tmp_path.glob("*.db"))) == 2


def write_to_a_full_disk(directory: Path, started_ms: int, spare: int) -> None:
    """Writes until the disk is full, frees space, and says how it went on."""
    ballast = directory / "ballast"
    free = shutil.disk_usage(directory).free
    ballast.write_bytes(bytes(free - spare))
    writer = EventWriter(build(Settings(), directory=directory / "events"), interval_s=0.01, max_backoff_s=0.05)
    events = make_events(10_000, started_ms)
    record_all(writer, events)
    eventually(lambda: writer.statistics().last_error)
    away = writer.statistics()
    ballast.unlink()
    is_done = writer.close(20)
    statistics = writer.statistics()
    say(
        json.dumps(
            {
                "error": away.last_error,
                "pending_then": away.pending,
                "is_done": is_done,
                "written": statistics.written,
                "dropped": statistics.dropped,
                "is_stored": stored(directory / "events") == events,
            }
        )
    )


@pytest.mark.parametrize("spare", [0, 4_096, 40_960, 1_500_000])
def test_on_a_full_disk_events_wait_for_space(tmp_path: Path, spare: int) -> None:
    # The mount is in a name space of its own: it ends with the process, whatever happens.
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a file system of a few megabytes")
    command = f'mount -t tmpfs -o size=6m none "$0" && exec "{sys.executable}" "$1" write_to_a_full_disk "$0" "$2" "$3"'
    finished = subprocess.run(
        [*unshare, "sh", "-c", command, tmp_path, __file__, str(noon_ms()), str(spare)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    told = json.loads(finished.stdout)
    assert "SQLITE_" in told.pop("error")
    assert told.pop("pending_then") > 0
    assert told == {"is_done": True, "written": 10_000, "dropped": 0, "is_stored": True}


def append_as_nobody(directory: Path, started_ms: int) -> None:
    """Tries to write as a user who may not, and says why it cannot."""
    store = build(Settings(), directory=directory)
    if os.geteuid() == 0:
        os.seteuid(65_534)
    try:
        store.append(make_events(3, started_ms))
    except StoreUnavailable as error:
        say(error)
    finally:
        os.seteuid(os.getuid())


def test_a_directory_that_may_not_be_written_is_said(tmp_path: Path) -> None:
    del tmp_path  # lies below a directory that only this user may enter
    directory = Path(tempfile.mkdtemp())
    try:
        directory.chmod(0o555)
        with other_process("append_as_nobody", directory, noon_ms()) as process:
            output, _ = process.communicate(timeout=20)
    finally:
        directory.chmod(0o755)
        shutil.rmtree(directory)
    assert output.startswith(str(directory))
    assert "Permission denied; cannot be opened or written; check that it and its directory" in output


TASKS: dict[str, Callable[..., None]] = {
    "append_until_killed": append_until_killed,
    "append_quickly": append_quickly,
    "hold": hold,
    "write_to_a_full_disk": write_to_a_full_disk,
    "append_as_nobody": append_as_nobody,
}

if __name__ == "__main__":
    TASKS[sys.argv[1]](Path(sys.argv[2]), *(int(argument) for argument in sys.argv[3:]))

"""The board: what a worker writes is what everybody reads, and the dead are left out."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from stellwerk.supervisor import board
from stellwerk.supervisor.board import Board, Page, TargetReading

WRITER = """
import sys
from pathlib import Path
from stellwerk.supervisor.board import *
page = Page(Path(sys.argv[1]), int(sys.argv[2]), generation=5)
page.words[IN_FLIGHT] = 3
page.words[REQUESTS_TOTAL] += 10
page.words[IS_READY] = 1
page.lag(700)
page.lag(200)
page.write_blob(b"labels")
print(page.inherited.decode(), flush=True)
sys.stdin.read()
page.close()
"""


def writer(directory: Path, slot: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(directory), str(slot)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str]) -> None:
    process.communicate()


def test_what_one_process_writes_another_reads(tmp_path: Path) -> None:
    process = writer(tmp_path, 4)
    first_line(process)
    reader = Board(tmp_path)
    (reading,) = reader.readings()
    assert (reading.slot, reading.pid, reading.generation, reading.epoch) == (4, process.pid, 5, 1)
    assert (reading.in_flight, reading.requests_total, reading.is_ready) == (3, 10, True)
    assert (reading.loop_lag_last_us, reading.loop_lag_max_us) == (200, 700)
    assert reading.started_s > 1.7e9
    assert reader.blobs() == [b"labels"]
    end(process)
    reader.close()


def test_a_killed_worker_is_left_out_at_once_but_its_totals_stay(tmp_path: Path) -> None:
    process = writer(tmp_path, 0)
    first_line(process)
    reader = Board(tmp_path)
    assert len(reader.readings()) == 1
    process.send_signal(signal.SIGKILL)
    end(process)
    assert reader.readings() == []
    assert reader.blobs() == [b"labels"]
    assert reader.total(board.REQUESTS_TOTAL) == 10


def test_the_successor_goes_on_with_the_totals_and_inherits_the_blob(tmp_path: Path) -> None:
    reader = Board(tmp_path)
    for epoch in (1, 2, 3):
        process = writer(tmp_path, 0)
        assert first_line(process) == ("labels" if epoch > 1 else "")
        (reading,) = reader.readings()
        assert (reading.epoch, reading.requests_total, reading.in_flight) == (epoch, 10 * epoch, 3)
        process.send_signal(signal.SIGKILL)
        end(process)


def test_a_worker_that_left_is_left_out(tmp_path: Path) -> None:
    page, reader = Page(tmp_path, 0), Board(tmp_path)
    assert [reading.pid for reading in reader.readings()] == [os.getpid()]
    page.close()
    assert reader.readings() == []


def test_a_silent_worker_is_left_out_until_it_is_heard_again(tmp_path: Path) -> None:
    now_s = [1000.0]
    page = Page(tmp_path, 0, clock=lambda: now_s[0])
    reader = Board(tmp_path, clock=lambda: now_s[0])
    now_s[0] += board.STALE_S
    assert len(reader.readings()) == 1
    now_s[0] += 0.001
    assert reader.readings() == []
    page.beat()
    assert len(reader.readings()) == 1


def test_a_worker_of_another_user_counts_as_living(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page, reader = Page(tmp_path, 0), Board(tmp_path)

    def refuse(pid: int, number: int) -> None:
        raise PermissionError(pid, number)

    monkeypatch.setattr(os, "kill", refuse)
    assert len(reader.readings()) == 1
    page.close()


def test_readings_come_in_the_order_of_the_slots(tmp_path: Path) -> None:
    pages = [Page(tmp_path, slot) for slot in (11, 2, 0)]
    assert [reading.slot for reading in Board(tmp_path).readings()] == [0, 2, 11]
    assert len(pages) == 3


def test_a_page_that_was_removed_and_made_anew_is_followed(tmp_path: Path) -> None:
    first, reader = Page(tmp_path, 0), Board(tmp_path)
    first.words[board.IN_FLIGHT] = 1
    assert reader.readings()[0].in_flight == 1
    path = board.page_path(tmp_path, 0)
    path.rename(tmp_path / "kept")  # so that its inode is not used again
    assert reader.readings() == []
    second = Page(tmp_path, 0)
    second.words[board.IN_FLIGHT] = 2
    assert reader.readings()[0].in_flight == 2


def test_what_is_no_page_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "x.page").write_bytes(bytes(board.PAGE_BYTES))
    (tmp_path / "1.txt").touch()
    (tmp_path / "2.page").write_bytes(b"not grown yet")
    (tmp_path / "3.page").write_bytes(b"\xff" * board.PAGE_BYTES)
    (tmp_path / "4.page").symlink_to("nowhere")
    reader = Board(tmp_path)
    assert reader.readings() == []
    assert reader.blobs() == []


def test_a_page_of_another_layout_is_begun_anew(tmp_path: Path) -> None:
    board.page_path(tmp_path, 3).write_bytes(b"\xff" * board.PAGE_BYTES)
    page = Page(tmp_path, 3)
    assert page.inherited == b""
    (reading,) = Board(tmp_path).readings()
    assert (reading.epoch, reading.requests_total, reading.in_flight) == (1, 0, 0)


def test_a_page_of_another_size_is_begun_anew(tmp_path: Path) -> None:
    board.page_path(tmp_path, 3).write_bytes(b"\xff" * 100)
    Page(tmp_path, 3)
    assert len(Board(tmp_path).readings()) == 1


def test_a_board_without_a_directory_is_empty(tmp_path: Path) -> None:
    assert Board(tmp_path / "nowhere").readings() == []


def test_a_disk_without_room_is_an_error_and_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "pwrite", lambda *_: 4096)
    with pytest.raises(OSError, match="no room"):
        Page(tmp_path, 0)


def test_only_its_owner_reads_a_page(tmp_path: Path) -> None:
    Page(tmp_path, 0)
    assert stat.S_IMODE(board.page_path(tmp_path, 0).stat().st_mode) == 0o600


def test_a_blob_that_is_too_long_is_refused_and_the_old_one_stays(tmp_path: Path) -> None:
    page, reader = Page(tmp_path, 0), Board(tmp_path)
    assert page.write_blob(json.dumps({"a": 1}).encode())
    assert not page.write_blob(bytes(board.PAGE_BYTES))
    assert reader.blobs() == [b'{"a": 1}']


def test_targets_are_read_by_the_workers_of_the_other_slots(tmp_path: Path) -> None:
    one, two, reader = Page(tmp_path, 0), Page(tmp_path, 1), Board(tmp_path)
    assert reader.targets(2) == {}
    one.write_target(0, 7, TargetReading(1, 1_000.5, 3))
    one.write_target(1, 9, TargetReading(0, 0.0, 1))
    two.write_target(0, 9, TargetReading(2, 5.0, 4))
    first, second, third = TargetReading(1, 1_000.5, 3), TargetReading(0, 0.0, 1), TargetReading(2, 5.0, 4)
    assert reader.targets(2) == {7: [first], 9: [second, third]}
    assert reader.targets(0) == {9: [third]}
    assert reader.targets(1) == {7: [first], 9: [second]}
    one.write_target(1, 9, TargetReading(3, 6.0, 0))
    assert reader.targets(1)[9] == [TargetReading(3, 6.0, 0)]


def test_a_full_table_of_targets_leaves_the_rest_of_the_page_alone(tmp_path: Path) -> None:
    page, reader = Page(tmp_path, 0), Board(tmp_path)
    page.write_blob(b"labels")
    full = 2**64 - 1
    reading = TargetReading(full, 1.5, full, 2.5, 3.5, 4.5, 255, 64)
    for place in range(board.MOST_TARGETS):
        page.write_target(place, full - place, reading)
    found = reader.targets(1)
    assert len(found) == board.MOST_TARGETS == 248
    assert set(map(tuple, found.values())) == {(reading,)}
    assert reader.blobs() == [b"labels"]
    assert [reading.in_flight for reading in reader.readings()] == [0]
    with pytest.raises(IndexError):
        page.write_target(board.MOST_TARGETS, 1, reading)


def test_a_place_of_the_table_that_is_given_up_says_nothing_and_is_used_again(tmp_path: Path) -> None:
    page, reader = Page(tmp_path, 0), Board(tmp_path)
    for place, key in enumerate((7, 9, 11)):
        page.write_target(place, key, TargetReading(1, 1_000.5, place))
    page.clear_target(1)
    assert reader.targets(1) == {7: [TargetReading(1, 1_000.5, 0)], 11: [TargetReading(1, 1_000.5, 2)]}
    page.write_target(1, 13, TargetReading(3, 0.5, 8, failure=2, failures=64))
    assert reader.targets(1)[13] == [TargetReading(3, 0.5, 8, failure=2, failures=64)]
    assert set(reader.targets(1)) == {7, 11, 13}


def test_a_silent_workers_targets_are_left_out_and_a_successor_begins_without_any(tmp_path: Path) -> None:
    now_s = [1000.0]
    page = Page(tmp_path, 0, clock=lambda: now_s[0])
    reader = Board(tmp_path, clock=lambda: now_s[0])
    page.write_target(0, 7, TargetReading(1, 1_005.0, 3))
    now_s[0] += board.STALE_S + 0.1
    assert reader.targets(1) == {}
    page.beat()
    assert reader.targets(1)
    Page(tmp_path, 0, clock=lambda: now_s[0])
    assert reader.targets(1) == {}

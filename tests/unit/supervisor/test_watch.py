"""Noticing that a file has changed and has come to rest."""

import os
from pathlib import Path

from stellwerk.supervisor.watch import Watch


def test_a_file_that_stays_has_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "c"
    path.write_text("1")
    watch = Watch(path)
    assert [watch.has_changed() for _ in range(3)] == [False, False, False]


def test_a_change_counts_once_and_only_at_rest(tmp_path: Path) -> None:
    path = tmp_path / "c"
    path.write_text("1")
    watch = Watch(path)
    path.write_text("12")
    assert not watch.has_changed()
    path.write_text("123")
    assert not watch.has_changed()
    assert watch.has_changed()
    assert not watch.has_changed()


def test_a_file_replaced_by_one_of_the_same_size_and_time_has_changed(tmp_path: Path) -> None:
    path, other = tmp_path / "c", tmp_path / "d"
    path.write_text("1")
    other.write_text("2")
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    watch = Watch(path)
    other.replace(path)
    assert [watch.has_changed() for _ in range(2)] == [False, True]


def test_a_link_that_points_elsewhere_has_changed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text("1")
    path = tmp_path / "c"
    path.symlink_to("one")
    watch = Watch(path)
    (tmp_path / "new").symlink_to("two")
    (tmp_path / "new").replace(path)
    assert [watch.has_changed() for _ in range(2)] == [False, True]


def test_a_file_that_vanishes_is_no_new_configuration_but_one_that_comes_back_is(tmp_path: Path) -> None:
    path = tmp_path / "c"
    path.write_text("1")
    watch = Watch(path)
    path.unlink()
    assert [watch.has_changed() for _ in range(3)] == [False, False, False]
    path.write_text("22")
    assert [watch.has_changed() for _ in range(3)] == [False, True, False]

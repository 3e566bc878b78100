"""Directories of one's own: found by everybody with the same state directory, and by nobody else."""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from stellwerk.supervisor.private_directory import MAX_SOCKET_PATH_BYTES, for_sockets, in_memory


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_memory_is_preferred_and_one_place_belongs_to_one_state_directory(tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    memory.mkdir()
    place = in_memory(tmp_path / "state", "board", memory=memory)
    assert place.parent == memory
    assert mode(place) == 0o700
    assert in_memory(tmp_path / "state", "board", memory=memory) == place
    assert in_memory(tmp_path / "other", "board", memory=memory) != place
    assert in_memory(tmp_path / "state", "bus", memory=memory) != place


def test_the_same_directory_under_another_name_is_the_same_place(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "link").symlink_to("state")
    memory = tmp_path / "memory"
    memory.mkdir()
    place = in_memory(tmp_path / "state", "board", memory=memory)
    assert in_memory(tmp_path / "link", "board", memory=memory) == place


def test_without_memory_it_lies_inside_the_state_directory(tmp_path: Path) -> None:
    place = in_memory(tmp_path / "state", "board", memory=tmp_path / "nowhere")
    assert place == tmp_path / "state" / "board"
    assert mode(place) == 0o700


def open_to_others(path: Path) -> None:
    path.mkdir()
    path.chmod(0o755)


def a_link(path: Path) -> None:
    target = path.with_name("target")
    target.mkdir(mode=0o700)
    path.symlink_to(target)


def a_file(path: Path) -> None:
    path.touch(mode=0o600)


@pytest.mark.parametrize("plant", [open_to_others, a_link, a_file])
def test_what_somebody_else_may_have_planted_is_not_used(tmp_path: Path, plant: Callable[[Path], None]) -> None:
    memory = tmp_path / "memory"
    memory.mkdir()
    place = in_memory(tmp_path / "state", "board", memory=memory)
    place.rmdir()
    plant(place)
    assert in_memory(tmp_path / "state", "board", memory=memory) == tmp_path / "state" / "board"


def test_a_directory_of_another_user_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = tmp_path / "memory"
    memory.mkdir()
    mine = os.geteuid()
    place = memory / in_memory(tmp_path / "state", "board", memory=memory).name.replace(f"-{mine}-", f"-{mine + 1}-")
    place.mkdir(mode=0o700)
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    assert in_memory(tmp_path / "state", "board", memory=memory) == tmp_path / "state" / "board"


def test_sockets_lie_inside_the_state_directory_as_long_as_their_paths_fit(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    room = MAX_SOCKET_PATH_BYTES - len(os.fsencode(tmp_path)) - len("//bus/12345678")
    fits, too_long = tmp_path / ("s" * room), tmp_path / ("s" * (room + 1))
    assert for_sockets(fits, "bus", longest_file_name=8, elsewhere=[elsewhere]) == fits / "bus"
    place = for_sockets(too_long, "bus", longest_file_name=8, elsewhere=[elsewhere])
    assert place.parent == elsewhere
    assert mode(place) == 0o700
    assert for_sockets(too_long, "bus", longest_file_name=8, elsewhere=[elsewhere]) == place


def test_the_runtime_directory_of_the_user_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("s" * 120)
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    assert for_sockets(deep, "bus", longest_file_name=8).parent == runtime
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    place = for_sockets(deep, "bus", longest_file_name=8)
    assert place.parent != runtime
    shutil.rmtree(place)


def test_a_host_without_any_place_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="too deep"):
        for_sockets(tmp_path / ("s" * 120), "bus", longest_file_name=8, elsewhere=[tmp_path / "nowhere"])

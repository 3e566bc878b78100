"""Who holds what: a process is told from those that are gone, and from others with its number."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from stellwerk.gateway.owner import is_alive, own_id


def test_this_process_lives() -> None:
    host, pid, _ = own_id().split("/")
    assert (host, pid) == (socket.gethostname(), str(os.getpid()))
    assert is_alive(own_id())


def test_a_process_that_has_ended_does_not() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert not is_alive(f"{socket.gethostname()}/{process.pid}/1")


def test_another_process_with_the_same_number_is_somebody_else() -> None:
    assert not is_alive(own_id() + "0")


def test_of_another_host_nobody_can_tell() -> None:
    assert is_alive("elsewhere/1/1")


@pytest.mark.parametrize("owner", ["", "nobody", "a/b", "host/pid/start"])
def test_what_is_no_owner_is_not_alive(owner: str) -> None:
    assert not is_alive(owner)

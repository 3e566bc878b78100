"""Who holds what: a process is told from those that are gone, and from others with its number."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from stellwerk.gateway.owner import LOST_S, is_alive, own_id

HOST = own_id().split("/")[0]


def test_this_process_lives_however_long_it_has_said_nothing() -> None:
    host, pid, _ = own_id().split("/")
    assert (host.startswith(f"{socket.gethostname()}."), pid) == (True, str(os.getpid()))
    assert is_alive(own_id(), 1e9)


def test_a_process_that_has_ended_does_not() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert not is_alive(f"{HOST}/{process.pid}/1", 0.0)


def test_another_process_with_the_same_number_is_somebody_else() -> None:
    assert not is_alive(own_id() + "0", 0.0)


@pytest.mark.parametrize("host", ["elsewhere", f"{socket.gethostname()}.000000000000"])
def test_one_of_another_host_or_of_another_boot_of_this_one_lives_as_long_as_it_says_so(host: str) -> None:
    assert is_alive(f"{host}/{os.getpid()}/1", LOST_S - 1)
    assert not is_alive(f"{host}/{os.getpid()}/1", LOST_S)


@pytest.mark.parametrize("owner", ["", "nobody", "a/b", "host/pid/start", f"{HOST}/1/2/3"])
def test_what_is_no_owner_is_not_alive(owner: str) -> None:
    assert not is_alive(owner, 0.0)

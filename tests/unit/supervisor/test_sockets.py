"""Listening sockets: shared among the slots, with nobody else, and never inherited by accident."""

import errno
import socket
import subprocess
import sys
import threading
from collections.abc import Generator

import pytest

from stellwerk.supervisor.errors import AddressUnavailable
from stellwerk.supervisor.sockets import Address, bound_address, listen

PATIENCE_S = 20.0
LOOPBACK = Address("127.0.0.1", 0)


@pytest.fixture
def listening() -> Generator[list[socket.socket]]:
    opened = listen(LOOPBACK, 4)
    yield opened
    for one in opened:
        one.close()


def accepted(one: socket.socket) -> int:
    """How many connections waited in its queue."""
    count = 0
    while True:
        try:
            connection, _ = one.accept()
        except BlockingIOError:
            return count
        connection.close()
        count += 1


def test_a_free_port_is_taken_once_for_all_slots(listening: list[socket.socket]) -> None:
    assert len({one.getsockname() for one in listening}) == 1
    assert bound_address(listening).port > 0


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere one socket gets them all")
def test_connections_spread_over_the_slots(listening: list[socket.socket]) -> None:
    place = listening[0].getsockname()
    callers = [socket.create_connection(place) for _ in range(400)]
    counts = [accepted(one) for one in listening]
    assert sum(counts) == 400
    assert min(counts) > 40
    for caller in callers:
        caller.close()


def test_sockets_do_not_block_and_are_not_inherited(listening: list[socket.socket]) -> None:
    assert all(one.gettimeout() == 0.0 and not one.get_inheritable() for one in listening)


def test_accepted_connections_send_without_delay(listening: list[socket.socket]) -> None:
    with socket.create_connection(listening[0].getsockname()):
        connection = None
        for one in listening:
            try:
                connection, _ = one.accept()
            except BlockingIOError:
                continue
        assert connection is not None
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        connection.close()


def test_a_child_serves_the_socket_that_it_was_passed_by_number(listening: list[socket.socket]) -> None:
    code = (
        "import socket, sys; s = socket.socket(fileno=int(sys.argv[1])); s.settimeout(20);"
        " c, _ = s.accept(); c.sendall(b'from the child')"
    )
    descriptor = listening[0].fileno()
    for one in listening[1:]:
        one.close()
    child = subprocess.Popen([sys.executable, "-c", code, str(descriptor)], pass_fds=[descriptor])
    with socket.create_connection(listening[0].getsockname(), timeout=PATIENCE_S) as caller:
        assert caller.recv(100) == b"from the child"
    assert child.wait(PATIENCE_S) == 0


@pytest.mark.skipif(not socket.has_ipv6, reason="this host has no IPv6")
def test_an_ipv6_address_takes_ipv6_alone() -> None:
    (one,) = listen(Address("::1", 0), 1)
    assert one.family == socket.AF_INET6
    assert one.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
    host, port = one.getsockname()[:2]
    assert str(bound_address([one])) == f"[::1]:{port}"
    with socket.create_connection((host, port)):
        assert accepted(one) == 1
    one.close()


def test_a_name_is_resolved() -> None:
    (one,) = listen(Address("localhost", 0), 1)
    assert bound_address([one]).host in {"127.0.0.1", "::1"}
    one.close()


def test_an_address_is_written_as_in_urls() -> None:
    assert str(Address("127.0.0.1", 8080)) == "127.0.0.1:8080"
    assert str(Address("::", 8080)) == "[::]:8080"


@pytest.mark.parametrize("shares", [False, True])
def test_an_address_in_use_is_refused_even_when_its_owner_would_share_it(shares: bool) -> None:
    with socket.socket() as foreign:
        foreign.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shares))
        foreign.bind(("127.0.0.1", 0))
        foreign.listen()
        address = Address("127.0.0.1", foreign.getsockname()[1])
        with pytest.raises(AddressUnavailable, match=f"{address}: the address is in use"):
            listen(address, 2)


def test_the_same_supervisor_cannot_take_an_address_twice(listening: list[socket.socket]) -> None:
    with pytest.raises(AddressUnavailable, match="in use"):
        listen(bound_address(listening), 1)


def test_patience_waits_for_an_address_to_become_free() -> None:
    (former,) = listen(LOOPBACK, 1)
    address = bound_address([former])
    timer = threading.Timer(0.2, former.close)
    timer.start()
    (one,) = listen(address, 1, patience_s=PATIENCE_S)
    assert bound_address([one]) == address
    one.close()
    timer.join()


def test_an_address_with_connections_of_the_past_is_taken_at_once() -> None:
    (former,) = listen(LOOPBACK, 1)
    address = bound_address([former])
    with socket.create_connection(former.getsockname()) as caller:
        former.settimeout(PATIENCE_S)
        connection, _ = former.accept()
        connection.close()  # the side that closes first keeps the address in TIME_WAIT
        assert caller.recv(1) == b""
    former.close()
    (one,) = listen(address, 1)
    one.close()


def test_an_address_of_another_host_is_refused() -> None:
    with pytest.raises(AddressUnavailable, match=r"192\.0\.2\.1:0: this host has no such address"):
        listen(Address("192.0.2.1", 0), 1)


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 300, "."])
def test_a_host_that_is_none_is_refused(host: str) -> None:
    with pytest.raises(AddressUnavailable, match="no such address"):
        listen(Address(host, 0), 1)


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.EACCES, "needs more privileges"), (errno.EMFILE, "Too many open files")],
)
def test_other_reasons_are_told(monkeypatch: pytest.MonkeyPatch, number: int, reason: str) -> None:
    class Refusing(socket.socket):
        def bind(self, place: object) -> None:
            raise OSError(number, "Too many open files", place)

    monkeypatch.setattr("stellwerk.supervisor.sockets.socket.socket", Refusing)
    with pytest.raises(AddressUnavailable, match=reason):
        listen(LOOPBACK, 1)


def test_a_failure_half_way_closes_what_was_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[socket.socket] = []

    class Counting(socket.socket):
        def bind(self, place: object) -> None:
            opened.append(self)
            if len(opened) == 3:
                raise OSError(errno.EMFILE, "Too many open files")
            super().bind(place)  # type: ignore[arg-type]

    monkeypatch.setattr("stellwerk.supervisor.sockets.socket.socket", Counting)
    with pytest.raises(AddressUnavailable):
        listen(LOOPBACK, 4)
    assert [one.fileno() for one in opened] == [-1, -1, -1]

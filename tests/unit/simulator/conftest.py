"""Simulated providers on real sockets for the tests of this folder, and ways to talk to them."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from typing import Any

import msgspec
import pytest

from stellwerk.simulator import Scenario, SimulatedProvider, Simulator, running_beside

DEADLINE_S = 10.0


class Wire:
    """A plain connection to a simulator that shows every byte and how the connection ends."""

    def __init__(self, address: str, receive_bytes: int | None) -> None:
        host, _, port = address.rpartition(":")
        self.socket = socket.socket()
        self.socket.settimeout(DEADLINE_S)
        if receive_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.connect((host, int(port)))
        self.received = bytearray()

    def post(self, body: Any, path: str = "/v1/chat/completions", *, headers: str = "") -> None:
        """Sends one request."""
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(data)}\r\n{headers}\r\n"
        self.socket.sendall(head.encode() + data)

    def read(self) -> bool:
        """Waits for more bytes; false at the end."""
        data = self.socket.recv(65_536)
        self.received += data
        return bool(data)

    def read_until(self, what: bytes) -> None:
        """Waits until ``what`` is among what was received."""
        searched = 0
        while self.received.find(what, searched) < 0:
            searched = max(len(self.received) - len(what), 0)
            assert self.read(), self.received

    def read_all(self) -> tuple[bytes, str]:
        """Everything until the connection ends, and how it did: ``fin`` or ``reset``."""
        try:
            while self.read():
                pass
        except ConnectionResetError:
            return bytes(self.received), "reset"
        return bytes(self.received), "fin"


@pytest.fixture
def simulate() -> Iterator[Callable[..., Simulator]]:
    """Starts a simulated provider with the given fields of ``SimulatedProvider``."""
    with ExitStack() as stack:

        def start(*, seed: int = 7, name: str = "openai", **fields: Any) -> Simulator:
            scenario = Scenario(seed=seed, providers=(SimulatedProvider(name=name, **fields),))
            return stack.enter_context(running_beside(scenario))[0]

        yield start


@pytest.fixture
def connect() -> Iterator[Callable[..., Wire]]:
    """Opens a plain connection to a simulator, with a receive buffer of about ``receive_bytes``."""
    with ExitStack() as stack:

        def open_wire(simulator: Simulator, receive_bytes: int | None = None) -> Wire:
            wire = Wire(simulator.address, receive_bytes)
            stack.enter_context(wire.socket)
            return wire

        yield open_wire


@pytest.fixture
def ask() -> Callable[..., tuple[int, dict[str, str], bytes]]:
    """Sends one request and gives status, headers and body of the answer."""

    def send(
        simulator: Simulator,
        body: Any = None,
        path: str = "/v1/chat/completions",
        *,
        method: str = "POST",
        headers: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection(simulator.address, timeout=DEADLINE_S)
        try:
            data = body if isinstance(body, bytes) or body is None else msgspec.json.encode(body)
            connection.request(method, path, data, headers or {})
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        finally:
            connection.close()

    return send


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Waits for a condition, with a deadline."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true in time"
            time.sleep(0.002)

    return wait

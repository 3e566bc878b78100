"""The provider behind every gateway: the kit's mock, a mock of the user's choice, or one that already runs."""

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from benchmarks.compiler import compiled
from benchmarks.failures import BenchmarkError
from benchmarks.ports import accepts, free_port
from benchmarks.process import Process

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
START_TIMEOUT_S = 5.0


class Counters(msgspec.Struct, frozen=True):
    """What the mock has seen so far; `streams` that are neither done nor aborted are running."""

    requests: int
    streams: int
    streams_done: int
    streams_aborted: int
    chunks: int
    connections_open: int

    @property
    def streams_running(self) -> int:
        """Streams that have begun and not ended."""
        return self.streams - self.streams_done - self.streams_aborted


@dataclass(frozen=True)
class Upstream:
    """A mock that listens on loopback; `process` is None when the user started it."""

    port: int
    process: Process | None

    def counters(self) -> Counters:
        """Read `GET /__stats`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/__stats")
            return msgspec.json.decode(connection.getresponse().read(), type=Counters)
        except msgspec.DecodeError as error:
            raise BenchmarkError(f"the mock on port {self.port} has no counters under /__stats: {error}") from error
        finally:
            connection.close()


@contextmanager
def upstream(*, program: Path | None, url: str | None, directory: Path) -> Iterator[Upstream]:
    """The mock at `url`, else `program` started with `--port N`, else the kit's own; ended with the block."""
    if url is not None:
        yield Upstream(_port_on_loopback(url), None)
        return
    port = free_port()
    command = [str(program or compiled("mock")), "--port", str(port)]
    with Process(command, log=directory / "mock.log") as process:
        _wait_until_listening(process, port)
        yield Upstream(port, process)


def _port_on_loopback(url: str) -> int:
    address = urlsplit(url)
    if address.hostname not in LOOPBACK or address.port is None:
        raise BenchmarkError(f"{url} is not a loopback address with a port: load is made on this machine only")
    return address.port


def _wait_until_listening(process: Process, port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not accepts(port):
        if process.exit_status is not None or time.monotonic() > deadline:
            raise BenchmarkError(f"the mock does not listen on port {port}:\n{process.tail_of_log()}")
        time.sleep(0.01)

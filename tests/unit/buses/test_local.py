"""The bus of one host: who hears what, and what happens when a peer is absent, dead, busy or talks nonsense."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import uvloop

from stellwerk.buses.local import LocalBus, Settings, build
from stellwerk.ports.bus import Notice

PATIENCE_S = 20.0

PEER = """
import asyncio, sys, time
from pathlib import Path
from stellwerk.buses.local import Settings, build
from stellwerk.ports.bus import Notice

async def main():
    loop = asyncio.get_running_loop()
    bus = build(Settings(), directory=Path(sys.argv[1]), slot=int(sys.argv[2]), loop=loop)
    def answer(notice):
        if notice.topic == "end":
            done.set()
        else:
            bus.publish(Notice("echo of " + notice.topic, notice.version))
    done = asyncio.Event()
    bus.subscribe(answer)
    bus.publish(Notice("here", int(sys.argv[2])))
    await done.wait()
    bus.close()

asyncio.run(main())
"""


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  # what is waited for happens in other processes
            await asyncio.sleep(0.002)


def bus_of(directory: Path, slot: int) -> tuple[LocalBus, list[Notice]]:
    bus = build(Settings(), directory=directory, slot=slot, loop=asyncio.get_running_loop())
    assert isinstance(bus, LocalBus)
    heard: list[Notice] = []
    bus.subscribe(heard.append)
    return bus, heard


def peer_process(directory: Path) -> subprocess.Popen[bytes]:
    """Slot 1 in a process of its own: says that it is here, then echoes."""
    return subprocess.Popen([sys.executable, "-c", PEER, str(directory), "1"])


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def runner(request: pytest.FixtureRequest) -> asyncio.Runner:
    return asyncio.Runner(loop_factory=request.param)


def test_everybody_else_hears_a_notice(tmp_path: Path, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        (one, heard_one), (two, heard_two), (three, heard_three) = (bus_of(tmp_path, slot) for slot in range(3))
        one.publish(Notice("directory", 17))
        await until(lambda: bool(heard_two and heard_three))
        assert heard_two == heard_three == [Notice("directory", 17)]
        assert heard_one == []
        for bus in (one, two, three):
            bus.close()

    with runner:
        runner.run(scenario())
    assert list((tmp_path / "bus").iterdir()) == []


def test_nobody_else_on_the_host_may_enter_the_directory(tmp_path: Path) -> None:
    async def scenario() -> None:
        bus, _ = bus_of(tmp_path, 0)
        assert stat.S_IMODE((tmp_path / "bus").stat().st_mode) == 0o700
        bus.close()

    asyncio.run(scenario())


def test_a_listener_that_fails_keeps_nothing_from_the_others(tmp_path: Path) -> None:
    async def scenario() -> None:
        failures: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context["exception"]))
        one, _ = bus_of(tmp_path, 1)
        two = LocalBus(tmp_path, 2, asyncio.get_running_loop())
        heard: list[Notice] = []

        def fail(notice: Notice) -> None:
            raise LookupError(notice.topic)

        two.subscribe(fail)
        two.subscribe(heard.append)
        one.publish(Notice("first", 1))
        one.publish(Notice("second", 1))
        await until(lambda: len(heard) == 2)
        assert [str(failure) for failure in failures] == ["first", "second"]
        one.close()
        two.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "datagram",
    [b"", b"\xc1", b"nonsense", msgspec.msgpack.encode({"topic": 1, "version": "x"}), msgspec.msgpack.encode([1, 2])],
    ids=["empty", "reserved", "text", "types", "array"],
)
def test_a_malformed_datagram_is_counted_and_nothing_else(tmp_path: Path, datagram: bytes) -> None:
    async def scenario() -> None:
        (one, _), (two, heard) = bus_of(tmp_path, 1), bus_of(tmp_path, 2)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(datagram, str(tmp_path / "bus" / "2.sock"))
        one.publish(Notice("after", 1))
        await until(lambda: bool(heard))
        assert (heard, two.malformed) == ([Notice("after", 1)], 1)
        one.close()
        two.close()

    asyncio.run(scenario())


def test_the_address_of_a_dead_peer_is_cleared_away(tmp_path: Path) -> None:
    async def scenario() -> None:
        bus, _ = bus_of(tmp_path, 0)
        stale = tmp_path / "bus" / "7.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as dead:
            dead.bind(str(stale))
        bus.publish(Notice("x", 1))
        assert not stale.exists()
        assert bus.dropped == 1
        bus.publish(Notice("x", 2))
        assert bus.dropped == 1
        bus.close()

    asyncio.run(scenario())


def test_what_is_no_socket_is_skipped(tmp_path: Path) -> None:
    async def scenario() -> None:
        (bus, _), (two, heard) = bus_of(tmp_path, 1), bus_of(tmp_path, 2)
        (tmp_path / "bus" / "5.sock").mkdir()
        (tmp_path / "bus" / "6.sock").symlink_to("nowhere")
        (tmp_path / "bus" / "8.sock").touch()
        (tmp_path / "bus" / "note.txt").touch()
        bus.publish(Notice("x", 1))
        await until(lambda: bool(heard))
        assert bus.dropped == 3
        assert (tmp_path / "bus" / "8.sock").exists()
        bus.close()
        two.close()

    asyncio.run(scenario())


def test_a_directory_that_was_removed_is_a_host_without_peers(tmp_path: Path) -> None:
    async def scenario() -> None:
        bus, heard = bus_of(tmp_path, 0)
        (tmp_path / "bus" / "0.sock").unlink()
        (tmp_path / "bus").rmdir()
        bus.publish(Notice("x", 1))
        bus.close()
        assert heard == []

    asyncio.run(scenario())


def test_a_successor_takes_the_address_and_keeps_it_when_the_predecessor_closes_late(tmp_path: Path) -> None:
    async def scenario() -> None:
        (sender, _), (old, heard_old) = bus_of(tmp_path, 0), bus_of(tmp_path, 1)
        new, heard_new = bus_of(tmp_path, 1)
        old.close()
        sender.publish(Notice("x", 1))
        await until(lambda: bool(heard_new))
        assert heard_old == []
        sender.close()
        new.close()

    asyncio.run(scenario())


def test_a_busy_peer_gets_the_newest_of_each_topic_once_it_reads_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        sender, _ = bus_of(tmp_path, 0)
        receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        receiver.settimeout(0.0)
        receiver.bind(str(tmp_path / "bus" / "1.sock"))
        for version in range(1, 2001):
            sender.publish(Notice("a", version))
            sender.publish(Notice("b", version))
        sender.publish(Notice("a", 3))
        newest: dict[str, int] = {}
        count = 0

        def read() -> bool:
            nonlocal count
            while True:
                try:
                    notice = msgspec.msgpack.decode(receiver.recv(4096), type=Notice)
                except BlockingIOError:
                    return newest == {"a": 2000, "b": 2000}
                newest[notice.topic] = max(newest.get(notice.topic, 0), notice.version)
                count += 1

        await until(read)
        assert count < 2000
        assert sender.dropped == 0
        await until(lambda: not sender._owed)
        receiver.close()
        sender.close()

    asyncio.run(scenario())


def test_a_peer_that_never_reads_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stellwerk.buses.local.MAX_RETRIES", 3)

    async def scenario() -> None:
        sender, _ = bus_of(tmp_path, 0)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as hung:
            hung.bind(str(tmp_path / "bus" / "1.sock"))
            for version in range(5000):
                sender.publish(Notice("a", version))
            await until(lambda: not sender._owed)
        assert sender.dropped == 1
        sender.close()

    asyncio.run(scenario())


def test_what_is_owed_is_forgotten_with_the_bus(tmp_path: Path) -> None:
    async def scenario() -> None:
        sender, _ = bus_of(tmp_path, 0)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as hung:
            hung.bind(str(tmp_path / "bus" / "1.sock"))
            for version in range(5000):
                sender.publish(Notice("a", version))
            sender.close()

    asyncio.run(scenario())


def test_a_state_directory_that_is_too_deep_for_a_socket_works_all_the_same(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)

    async def scenario() -> Path:
        (one, _), (two, heard) = bus_of(deep, 1), bus_of(deep, 2)
        one.publish(Notice("x", 1))
        await until(lambda: bool(heard))
        one.close()
        two.close()
        return one._directory

    directory = asyncio.run(scenario())
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    directory.rmdir()


def test_an_address_that_cannot_be_taken_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bus" / "0.sock").mkdir(parents=True)

    async def scenario() -> None:
        with pytest.raises(OSError, match="directory"):
            bus_of(tmp_path, 0)

    asyncio.run(scenario())


def test_notices_between_two_processes_arrive_within_a_quarter_second_under_load(tmp_path: Path) -> None:
    async def scenario() -> list[float]:
        bus, heard = bus_of(tmp_path, 0)
        peer = peer_process(tmp_path)
        try:
            await until(lambda: Notice("here", 1) in heard)
            waits_s = []
            for version in range(200):
                for other in range(20):
                    bus.publish(Notice(f"load {other}", version))
                began_s = time.monotonic()
                bus.publish(Notice("measured", version))
                wanted = Notice("echo of measured", version)
                await until(lambda wanted=wanted: wanted in heard)  # type: ignore[misc]
                waits_s.append(time.monotonic() - began_s)
                heard.clear()
            bus.publish(Notice("end", 1))
            await until(lambda: peer.poll() is not None)
            return sorted(waits_s)
        finally:
            peer.kill()
            peer.wait()
            bus.close()

    waits_s = asyncio.run(scenario())
    assert waits_s[len(waits_s) // 2] < 0.25  # there and back
    assert waits_s[-len(waits_s) // 50] < 0.5


def test_a_killed_peer_is_not_missed(tmp_path: Path) -> None:
    async def scenario() -> None:
        bus, heard = bus_of(tmp_path, 0)
        peer = peer_process(tmp_path)
        await until(lambda: Notice("here", 1) in heard)
        os.kill(peer.pid, signal.SIGKILL)
        await until(lambda: peer.poll() is not None)
        bus.publish(Notice("x", 1))
        assert not (tmp_path / "bus" / "1.sock").exists()
        bus.close()

    asyncio.run(scenario())

"""Notices between the workers of one host: datagrams on Unix sockets, one socket per slot in a shared directory.

A worker that is away hears nothing and reads the state itself when it starts. One that is too busy to read gets, once
it reads again, the newest notice of each topic. Nobody ever waits for a peer.
"""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import msgspec

from stellwerk.ports.bus import Bus, Notice
from stellwerk.supervisor.private_directory import for_news

SUFFIX = ".sock"
MAX_DATAGRAM_BYTES = 16_384
RETRY_S = 0.01
MAX_RETRIES = 1_000
"""After so many (ten seconds) a peer that does not read counts as hung and is owed nothing more."""
_READS_PER_TURN = 8

_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Notice)


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This bus has no options."""


class LocalBus:
    """One worker's end. ``malformed`` counts datagrams that were no notice, ``dropped`` notices that no peer took."""

    def __init__(self, directory: Path, slot: int, loop: asyncio.AbstractEventLoop) -> None:
        """Takes the slot's address, whoever had it before. Raises ``OSError`` when that cannot be."""
        self._directory = for_news(directory)
        self._own = self._directory / f"{slot}{SUFFIX}"
        self._loop = loop
        self._listeners: list[Callable[[Notice], None]] = []
        self._owed: dict[Path, dict[str, Notice]] = {}
        self._retries: dict[Path, int] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.malformed = 0
        self.dropped = 0
        self._socket = _bind(self._own)
        self._inode = self._own.stat().st_ino
        loop.add_reader(self._socket.fileno(), self._read)

    def publish(self, notice: Notice) -> None:
        """Tells every other worker in the directory."""
        for peer in self._peers():
            if peer in self._owed or not self._send(peer, notice):
                self._owe(peer, notice)

    def subscribe(self, listener: Callable[[Notice], None]) -> None:
        """Calls ``listener`` on the event loop for every notice that arrives from another worker."""
        self._listeners.append(listener)

    def close(self) -> None:
        """Stops hearing and frees the address, unless a successor has taken it already."""
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        self._owed.clear()
        _unlink(self._own, self._inode)

    def _peers(self) -> list[Path]:
        try:
            found = list(self._directory.iterdir())
        except FileNotFoundError:
            return []
        return [path for path in found if path.suffix == SUFFIX and path.name[0] != "." and path != self._own]

    def _read(self) -> None:
        for _ in range(_READS_PER_TURN):
            try:
                datagram = self._socket.recv(MAX_DATAGRAM_BYTES)
            except BlockingIOError:
                return
            try:
                notice = _decoder.decode(datagram)
            except msgspec.MsgspecError:
                self.malformed += 1
                continue
            for listener in self._listeners:
                # Each by itself: one that fails is reported by the loop and keeps nothing from the others.
                self._loop.call_soon(listener, notice)

    def _send(self, peer: Path, notice: Notice) -> bool:
        """``False`` when the peer is there but has no room now."""
        inode = 0
        try:
            inode = peer.stat().st_ino
            self._socket.sendto(_encode(notice), os.fsencode(peer))
        except BlockingIOError:
            return False
        except ConnectionRefusedError:
            _unlink(peer, inode)
            self.dropped += 1
        except OSError:
            self.dropped += 1
        return True

    def _owe(self, peer: Path, notice: Notice) -> None:
        owed = self._owed.setdefault(peer, {})
        former = owed.get(notice.topic)
        if former is None or former.version < notice.version:
            owed[notice.topic] = notice
        if self._timer is None:
            self._timer = self._loop.call_later(RETRY_S, self._pay)

    def _pay(self) -> None:
        """Sends what is owed to those who have room again."""
        self._timer = None
        for peer, owed in list(self._owed.items()):
            while owed and self._send(peer, next(iter(owed.values()))):
                del owed[next(iter(owed))]
                self._retries[peer] = 0
            self._retries[peer] = self._retries.get(peer, 0) + 1
            if self._retries[peer] > MAX_RETRIES:
                self.dropped += len(owed)
                owed.clear()
            if not owed:
                del self._owed[peer], self._retries[peer]
        if self._owed:
            self._timer = self._loop.call_later(RETRY_S, self._pay)


def build(settings: Settings, *, directory: Path, slot: int, loop: asyncio.AbstractEventLoop) -> Bus:
    """The end of one worker; ``directory`` is the state directory. Raises ``OSError`` when no socket can be made."""
    del settings
    return LocalBus(directory, slot, loop)


def _bind(path: Path) -> socket.socket:
    """A socket that appears under ``path`` in one step, so that peers meet the old one or the new one."""
    draft = path.with_name(f".{path.stem}.{os.getpid()}{SUFFIX}")
    draft.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        bound.settimeout(0.0)
        bound.bind(os.fsencode(draft))
        draft.rename(path)
    except OSError:
        bound.close()
        raise
    return bound


def _unlink(path: Path, inode: int) -> None:
    """Removes a socket that nobody has, but not the one that a successor has put in its place."""
    try:
        status = path.lstat()
        if status.st_ino == inode and stat.S_ISSOCK(status.st_mode):
            path.unlink()
    except FileNotFoundError:
        return

"""What many keys cost a worker: memory, a look-up, and the loop's time for a new key, a revoked one, a new base."""

from __future__ import annotations

import argparse
import gc
import hashlib
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from stellwerk.config.directory_file import append_delta, write_base
from stellwerk.config.pepper import digest_of, pepper
from stellwerk.config.register import FOLDER, Register
from stellwerk.core.scope import DirectoryDelta, KeyRecord, ScopeKind, ScopeRecord
from stellwerk.gateway.directory import Directory

ROUNDS = 200
ACTIVE = 100_000
"""Keys that a worker meets."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The slowest of the rounds where it is the loop's time, the median else."""

    write_s: float
    file_mb: float
    worker_mb: float
    """What it has more than without keys. Pages of the file are none of it: they lie in the page cache."""
    first_lookup_us: float
    lookup_us: float
    create_ms: float
    revoke_ms: float
    base_ms: float


def measure(keys: int) -> Figures:
    """Writes a directory of so many keys and follows it in a process of its own."""
    with TemporaryDirectory(prefix="stellwerk-bench-") as directory:
        state = Path(directory)
        folder = state / FOLDER
        secret = pepper(state / "pepper")
        teams = [ScopeRecord(ScopeKind.TEAM, f"team-{number}", "acme") for number in range(1_000)]
        begun = time.perf_counter()
        write_base(folder, 1, _records(keys, secret), teams)
        write_s = time.perf_counter() - begun
        file_mb = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        reader = context.Process(target=_read, args=(state, keys, theirs))
        reader.start()
        worker_mb, first_us, again_us, create_ms, revoke_ms, base_ms = ours.recv()
        reader.join()
    return Figures(write_s, file_mb, worker_mb, first_us, again_us, create_ms, revoke_ms, base_ms)


def _records(keys: int, secret: bytes) -> Iterator[KeyRecord]:
    for number in range(keys):
        yield _record(number, secret)


def _record(number: int, secret: bytes) -> KeyRecord:
    digest = digest_of(_key(number), secret)
    return KeyRecord(f"key_{number:08}", f"application {number}", digest, f"team-{number % 1_000}", user=f"u{number}")


def _key(number: int) -> bytes:
    return b"sk-" + hashlib.sha256(b"%d" % number).hexdigest().encode()


def _read(state: Path, keys: int, told: Connection) -> None:
    folder = state / FOLDER
    gc.collect()
    before = _memory_mb()
    register = Register(state)
    register.follow()
    directory = Directory(register=register)
    some = [_key(number) for number in range(0, keys, max(1, keys // ACTIVE))]
    first = [_us(lambda key=key: directory.find(key)) for key in some]  # type: ignore[misc]
    again = [_us(lambda key=key: directory.find(key)) for key in some[:1_000]]  # type: ignore[misc]
    worker_mb = _memory_mb() - before
    create, revoke, base = [], [], []
    version = 1

    def follow() -> None:
        nonlocal directory
        register.follow()
        directory = directory.renewed()

    for number in range(ROUNDS):
        version += 1
        append_delta(folder, DirectoryDelta(version, keys=(_record(keys + number, register.pepper),)))
        create.append(_us(follow) / 1e3)
        if directory.find(_key(keys + number)) is None:
            raise RuntimeError("a key that was made is not known")
        version += 1
        append_delta(folder, DirectoryDelta(version, removed_keys=(f"key_{number:08}",)))
        revoke.append(_us(follow) / 1e3)
        if directory.find(_key(number)) is not None:
            raise RuntimeError("a key that was revoked is known")
    for _ in range(2):
        version += 1
        write_base(folder, version, _records(keys, register.pepper), [])
        base.append(_us(follow) / 1e3)
    told.send((worker_mb, statistics.median(first), statistics.median(again), _p99(create), _p99(revoke), max(base)))


def _p99(values: Sequence[float]) -> float:
    return sorted(values)[int(len(values) * 0.99)]


def _us(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1e6


def _memory_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1e3


def main(arguments: list[str]) -> int:
    """Prints the figures, one a line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks directory", description=__doc__)
    parser.add_argument("--keys", type=int, default=1_000_000, help="how many keys there are")
    figures = measure(parser.parse_args(arguments).keys)
    for name, value in asdict(figures).items():
        sys.stdout.write(f"{name:>16}  {value:10.3f}\n")
    return 0

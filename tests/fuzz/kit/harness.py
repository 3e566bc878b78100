"""Runs one check under atheris: arbitrary bytes in arbitrary pieces, starting from seeds.

An input begins with the number of cuts and where they are; the rest are the bytes that are cut. Atheris is imported
only when a fuzzer runs: without it the seeds are still checked by a test.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

MOST_CUTS = 7
PLACE_BYTES = 2

Check = Callable[[list[bytes]], object]


def fuzz(load: Callable[[], Check], seeds: Iterable[bytes]) -> None:
    """Fuzzes what ``load`` returns with the command line's options for libFuzzer. Never returns."""
    import atheris

    with atheris.instrument_imports(include=["stellwerk"]):
        check = load()
    plant(seeds, sys.argv[1:])

    def try_one(data: bytes) -> None:
        check(cut(data))

    atheris.Setup(sys.argv, try_one)
    atheris.Fuzz()


def cut(data: bytes) -> list[bytes]:
    """An input as the pieces that it stands for."""
    count = data[0] % (MOST_CUTS + 1) if data else 0
    rest = data[1 + count * PLACE_BYTES :]
    numbers = (data[1 + PLACE_BYTES * number : 1 + PLACE_BYTES * (number + 1)] for number in range(count))
    places = sorted(int.from_bytes(number, "big") % (len(rest) + 1) for number in numbers)
    return [rest[start:end] for start, end in zip([0, *places], [*places, len(rest)], strict=True)]


def uncut(data: bytes) -> bytes:
    """The input that stands for ``data`` in one piece."""
    return b"\x00" + data


def plant(seeds: Iterable[bytes], arguments: Iterable[str]) -> None:
    """Puts the seeds into the corpus folder that the arguments name, if they name one."""
    folders = [Path(argument) for argument in arguments if not argument.startswith("-")]
    for folder in folders[:1]:
        for number, seed in enumerate(seeds):
            (folder / f"seed-{number:03}").write_bytes(uncut(seed))

"""A blob in shared memory: never half of one, whatever the writer does or however it dies."""

import mmap
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.supervisor.blob import Blob

SIZE = 65_536
PATIENCE_S = 20.0


# Writes values that are one byte many times over, each of another byte and length than the one before.
WRITER = """
import mmap, sys
from stellwerk.supervisor.blob import Blob
with open(sys.argv[1], "r+b") as file:
    blob = Blob(memoryview(mmap.mmap(file.fileno(), 0)))
number = 0
while True:
    number += 1
    blob.write(bytes([number % 251]) * (number * 37 % 30_000 + 1))
"""


def shared(path: Path) -> memoryview:
    with path.open("a+b") as file:
        file.truncate(SIZE)
        return memoryview(mmap.mmap(file.fileno(), SIZE))


def pattern(number: int) -> bytes:
    """A value that differs in every byte from its neighbours, and in length."""
    return bytes([number % 251]) * (number * 37 % 30_000 + 1)


def test_memory_that_nobody_has_written_holds_nothing() -> None:
    assert Blob(memoryview(bytearray(SIZE))).read() == b""


@given(st.lists(st.binary(max_size=400), min_size=1, max_size=12))
def test_what_was_written_last_is_read(values: list[bytes]) -> None:
    blob = Blob(memoryview(bytearray(1024)))
    for value in values:
        assert blob.write(value)
        assert blob.read() == value


def test_a_value_that_is_too_long_leaves_the_one_before() -> None:
    blob = Blob(memoryview(bytearray(1024)))
    assert blob.write(b"a" * blob.capacity_bytes)
    assert not blob.write(b"b" * (blob.capacity_bytes + 1))
    assert blob.read() == b"a" * blob.capacity_bytes


def test_a_cleared_blob_is_empty() -> None:
    blob = Blob(memoryview(bytearray(1024)))
    blob.write(b"x")
    blob.clear()
    assert blob.read() == b""
    assert blob.write(b"y")
    assert blob.read() == b"y"


def test_a_closed_blob_has_let_go_of_the_memory() -> None:
    memory = bytearray(1024)
    view = memoryview(memory)
    blob = Blob(view)
    blob.close()
    view.release()
    memory.clear()  # raises BufferError while anybody holds a view


@pytest.mark.parametrize("writes", [1, 2, 3])
def test_a_writer_that_died_half_way_leaves_the_value_before(writes: int) -> None:
    memory = memoryview(bytearray(SIZE))
    blob = Blob(memory)
    for number in range(writes):
        blob.write(pattern(number))
    head = memory[:64].cast("Q")
    head[0] |= 1  # begun
    area = ((head[0] >> 1) + 1) & 1
    head[1 + 2 * area] = 500
    memory[64 + area * blob.capacity_bytes :][:250] = b"z" * 250
    assert blob.read() == pattern(writes - 1)
    assert blob.write(b"its successor")
    assert blob.read() == b"its successor"
    assert head[0] % 2 == 0


def test_a_writer_that_died_in_its_first_write_leaves_nothing() -> None:
    memory = memoryview(bytearray(SIZE))
    memory[:64].cast("Q")[0] = 1
    assert Blob(memory).read() == b""


def test_bytes_that_do_not_fit_their_checksum_are_never_read() -> None:
    memory = memoryview(bytearray(SIZE))
    blob = Blob(memory)
    blob.write(b"first")
    blob.write(b"second")
    memory[64] ^= 1
    assert blob.read() == b""


def test_a_length_out_of_this_world_is_not_believed() -> None:
    memory = memoryview(bytearray(SIZE))
    blob = Blob(memory)
    blob.write(b"x")
    memory[:64].cast("Q")[3] = 2**63
    assert blob.read() == b""


def test_a_reader_sees_whole_values_only_of_a_writer_in_another_process(tmp_path: Path) -> None:
    blob = Blob(shared(tmp_path / "blob"))
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "blob")])
    seen: set[int] = set()
    try:
        deadline = time.monotonic() + PATIENCE_S
        while len(seen) < 200:
            assert time.monotonic() < deadline
            value = blob.read()
            assert value == value[:1] * len(value)
            seen.add(zlib.crc32(value))
    finally:
        writer.kill()  # in the middle of a write or not
        writer.wait()
    last = blob.read()
    assert last
    assert last == blob.read() == last[:1] * len(last)

"""Reading compiled files: whole ones, old ones, and damaged ones."""

from pathlib import Path

import msgspec
import pytest

from stellwerk.config.compile import compile_file, write
from stellwerk.config.compiled import read
from stellwerk.core.snapshot import FORMAT
from stellwerk.errors import ConfigurationError


@pytest.fixture
def compiled(tmp_path: Path, head: str) -> Path:
    """A compiled file."""
    source = tmp_path / "stellwerk.toml"
    source.write_text(head)
    path = tmp_path / "compiled"
    write(compile_file(source, version=3), path)
    return path


def reason(path: Path) -> str:
    with pytest.raises(ConfigurationError) as raised:
        read(path)
    return raised.value.message


def test_what_was_written_is_read(compiled: Path, tmp_path: Path) -> None:
    assert read(compiled) == compile_file(tmp_path / "stellwerk.toml", version=3)


def test_a_file_that_is_away_is_named(tmp_path: Path) -> None:
    path = tmp_path / "gone"
    assert reason(path) == f"{path}: the compiled configuration cannot be read: no such file or directory"


def test_a_file_of_another_layout_is_refused(compiled: Path) -> None:
    compiled.write_bytes(msgspec.msgpack.encode({"format": FORMAT + 1, "something": "new"}))
    assert reason(compiled) == (
        f"{compiled}: expected a compiled configuration of format {FORMAT}, found format {FORMAT + 1}; compile it again"
    )


def test_a_damaged_file_is_refused_wherever_it_ends(compiled: Path) -> None:
    content = compiled.read_bytes()
    for length in range(len(content)):
        compiled.write_bytes(content[:length])
        assert reason(compiled).startswith(f"{compiled}: this is no compiled configuration: ")


@pytest.mark.parametrize("content", [b"[server]\n", b"\x91" * 100_000, b"\xc0"], ids=["text", "deep", "nil"])
def test_a_file_of_something_else_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "compiled"
    path.write_bytes(content)
    assert reason(path).startswith(f"{path}: this is no compiled configuration: ")

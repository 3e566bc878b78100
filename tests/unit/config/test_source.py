"""Files that are away, no text, or no TOML."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from stellwerk.config.load import examine

Said = Callable[[str], list[str]]

SYNTAX = {
    "no value": ("[server]\nlisten =\n", ":2:9: this is not TOML: Invalid value"),
    "no end": ('[server]\nlisten = """x', ":2:14: this is not TOML: Unterminated string at the end of the file"),
    "a key given twice": ("a = 1\na = 2\n", ":2:6: this is not TOML: Cannot overwrite a value"),
    "a number without end": (f"a = {'1' * 5000}\n", ": this is not TOML: Exceeds the limit"),
    "brackets without end": ("a = " + "[" * 10_000, ": tables and arrays stand more than 32 deep in one another"),
    "dotted keys without end": (
        "\n" + "a." * 100 + "a = 1",
        ":2: a: tables and arrays stand more than 32 deep in one another",
    ),
    "arrays without end": (
        "\nx.y = " + "[" * 40 + "]" * 40,
        ":2: x: tables and arrays stand more than 32 deep in one another",
    ),
}


@pytest.mark.parametrize(("text", "expected"), SYNTAX.values(), ids=list(SYNTAX))
def test_what_is_no_toml_is_told_with_line_and_column(text: str, expected: str, said: Said) -> None:
    (problem,) = said(text)
    assert problem.startswith(f"stellwerk.toml{expected}")


def test_a_file_that_is_no_text_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "stellwerk.toml"
    path.write_bytes(b'[server]\nlisten = "\xff"\n')
    assert examine(path).lines == (f"{path}:2: expected UTF-8 text, found the byte 0xff",)


def test_a_file_that_cannot_be_read_is_a_problem_like_any_other(tmp_path: Path) -> None:
    gone, pipe, large, odd = (tmp_path / name for name in ("gone", "pipe", "large", "n\0l"))
    os.mkfifo(pipe)
    with large.open("wb") as file:
        file.truncate(20_000_000)
    assert examine(gone).lines == (f"{gone}: no such file or directory",)
    assert examine(tmp_path).lines == (f"{tmp_path}: is a directory",)
    assert examine(pipe).lines == (f"{pipe}: not a regular file",)
    assert examine(large).lines == (f"{large}: larger than 16777216 bytes",)
    assert examine(odd).lines == (f"{odd}: embedded null byte",)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path, head: str) -> None:
    path = tmp_path / "stellwerk.toml"
    path.write_bytes(b"\xef\xbb\xbf" + head.replace("\n", "\r\n").encode() + b"[server]\r\nworkers = 0\r\n")
    assert examine(path).lines == (f"{path}:14: server.workers: expected a number not below 1, found 0",)

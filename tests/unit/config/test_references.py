"""Where values stand that are not in their place, and what is said when they cannot be had."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.config.references import MAX_FILE_BYTES, absolute, is_reference, pointer, resolve
from stellwerk.errors import ConfigurationError

Write = Callable[[str], Path]


def reason(reference: str) -> str:
    with pytest.raises(ConfigurationError) as raised:
        resolve(reference)
    return raised.value.message


def test_a_variable_of_the_environment_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAME", " grün\n")
    assert resolve("env:NAME") == " grün\n"


def test_a_variable_that_is_not_set_is_named() -> None:
    assert reason("env:STELLWERK_NEVER_SET") == "env:STELLWERK_NEVER_SET: this environment variable is not set"


def test_a_variable_that_is_no_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAME", os.fsdecode(b"\xff"))
    assert reason("env:NAME") == "env:NAME: this environment variable is not UTF-8 text"


def test_a_file_loses_its_last_line_end_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b" a\nb \r\n")
    assert resolve(f"file:{tmp_path}/secret") == " a\nb "


def test_a_relative_file_is_looked_for_beside_the_configuration() -> None:
    assert absolute("file:../keys/a", Path("/etc/stellwerk")) == "file:/etc/keys/a"
    assert absolute("file:/run/a", Path("/etc/stellwerk")) == "file:/run/a"
    assert absolute("env:A", Path("/etc/stellwerk")) == "env:A"


def test_a_file_that_cannot_be_used_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * (MAX_FILE_BYTES + 1))
    (tmp_path / "whole").write_bytes(b"x" * MAX_FILE_BYTES)
    (tmp_path / "bytes").write_bytes(b"\xff")
    os.mkfifo(tmp_path / "pipe")
    assert reason(f"file:{tmp_path}/gone") == f"file:{tmp_path}/gone: no such file or directory"
    assert reason(f"file:{tmp_path}") == f"file:{tmp_path}: is a directory"
    assert reason(f"file:{tmp_path}/large") == f"file:{tmp_path}/large: larger than 65536 bytes"
    assert reason(f"file:{tmp_path}/bytes") == f"file:{tmp_path}/bytes: not UTF-8 text"
    assert reason(f"file:{tmp_path}/pipe") == f"file:{tmp_path}/pipe: not a regular file"
    assert reason("file:a\0b") == "file:a\0b: embedded null byte"
    assert len(resolve(f"file:{tmp_path}/whole")) == MAX_FILE_BYTES


def test_nothing_is_no_value(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAME", "")
    (tmp_path / "empty").write_text("\n\n")
    pointed = pointer(write('[admin]\ntoken = ""\n'), ("admin", "token"))
    for reference in ("env:NAME", f"file:{tmp_path}/empty", pointed):
        assert reason(reference) == f"{reference}: there is nothing in it"


@pytest.mark.parametrize("reference", ["aws-sm:prod/keys#openai", "vault:secret/openai#key"])
def test_sources_of_later_versions_are_known_and_refused(reference: str) -> None:
    assert is_reference(reference)
    assert reason(reference) == f"{reference}: this version has no such source; it knows env:NAME and file:/path"


def test_a_literal_value_is_refused_without_being_quoted() -> None:
    assert not is_reference("sk-secret")
    assert reason("sk-secret") == "expected a reference, found a literal value"


def test_a_pointer_leads_to_a_value_in_the_file_whatever_its_place(write: Write) -> None:
    path = write('[admin]\ntoken = "t"\n[[keys]]\nname = "a"\nkey = "ka"\n[[keys]]\nname = "b.#%"\nkey = "kb"\n')
    assert resolve(pointer(path, ("admin", "token"))) == "t"
    reference = pointer(path, ("keys", "b.#%", "key"))
    assert resolve(reference) == "kb"
    write('[[keys]]\nname = "b.#%"\nkey = "changed"\n[[keys]]\nname = "a"\nkey = "ka"\n')
    assert resolve(reference) == "changed"


def test_a_value_that_has_become_a_reference_since_is_followed(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "from-the-environment")
    (tmp_path / "token").write_text("from-a-file\n")
    reference = pointer(write('[admin]\ntoken = "literal"\n'), ("admin", "token"))
    assert resolve(reference) == "literal"
    write('[admin]\ntoken = "env:TOKEN"\n')
    assert resolve(reference) == "from-the-environment"
    write('[admin]\ntoken = "file:token"\n')
    assert resolve(reference) == "from-a-file"


@pytest.mark.parametrize("text", ["", "admin = 5", "[[admin]]", "[admin]\ntoken = 5", "[admin.token]"], ids=range(5))
def test_a_pointer_to_nothing_is_refused(text: str, write: Write) -> None:
    reference = pointer(write(text), ("admin", "token"))
    assert reason(reference) == f"{reference}: the file holds no such string any more"


def test_a_pointer_into_a_file_that_is_away_or_broken_is_refused(tmp_path: Path, write: Write) -> None:
    reference = pointer(tmp_path / "gone.toml", ("a",))
    assert reason(reference) == f"{reference}: no such file or directory"
    reference = pointer(write("a = "), ("a",))
    assert reason(reference) == f"{reference}: the file is not TOML at the moment"
    write("a = " + "[" * 10_000)
    assert reason(reference) == f"{reference}: the file is not TOML at the moment"


@given(st.text())
def test_any_text_is_resolved_or_refused_with_an_error_of_our_own(text: str) -> None:
    for reference in (text, f"file:{text}", f"toml:{text}", f"env:{text}", f"vault:{text}"):
        with suppress(ConfigurationError):
            assert isinstance(resolve(reference), str)

"""Header fields: nothing splits an answer, nothing of one hop passes to the next."""

from __future__ import annotations

import pytest

from stellwerk.http.date import DateLine
from stellwerk.http.fields import HOP_BY_HOP, end_to_end, is_safe_value, media_type, render, status_line


def test_pairs_become_lines() -> None:
    assert render([(b"X-A", b"b"), (b"x_c", b""), (b"Set-Cookie", b"d=e; f")]) == (
        b"X-A: b\r\nx_c: \r\nSet-Cookie: d=e; f\r\n"
    )
    assert render([]) == b""


@pytest.mark.parametrize(
    "value", [b"a\r\nb", b"a\nb", b"a\rb", b"\r", b"\n", b"a\x00b", b"\x0b", b"\x0c", b"\x1b[0m", b"a\x7f"]
)
def test_a_value_that_would_split_the_head_is_refused(value: bytes) -> None:
    assert not is_safe_value(value)
    with pytest.raises(ValueError, match="not a valid header field"):
        render([(b"x-a", value)])


@pytest.mark.parametrize(
    "name", [b"", b" x", b"x ", b"x:", b"x y", b"x\r\ny", b"x\n", b"x\x00", b"(x)", b"\xe4", b"x/y", b'"x"', b"x\t"]
)
def test_a_name_that_is_no_token_is_refused(name: bytes) -> None:
    with pytest.raises(ValueError, match="not a valid header field"):
        render([(name, b"a")])


def test_a_refused_value_is_not_told_to_anyone() -> None:
    with pytest.raises(ValueError, match="x-key") as caught:
        render([(b"x-key", b"secret\r\n")])
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [b"", b"plain", b"a\tb", b"\xe4\xf6\xfc", b"  padded  ", bytes(range(0x20, 0x7F)), bytes(range(0x80, 0x100))],
)
def test_text_of_every_kind_may_stand_in_a_value(value: bytes) -> None:
    assert is_safe_value(value)
    assert render([(b"x", value)]) == b"x: " + value + b"\r\n"


def test_fields_of_this_hop_stay_here() -> None:
    headers = dict.fromkeys(HOP_BY_HOP, b"x") | {
        b"connection": b"close, X-One ,x-TWO,,",
        b"x-one": b"1",
        b"x-two": b"2",
        b"x-three": b"3",
        b"content-length": b"5",
        b"content-type": b"text/plain",
    }
    assert end_to_end(headers) == {b"x-three": b"3", b"content-type": b"text/plain"}
    assert end_to_end({b"content-type": b"text/plain"}) == {b"content-type": b"text/plain"}


@pytest.mark.parametrize(
    ("value", "bare"),
    [
        (b"text/plain", b"text/plain"),
        (b"Text/Event-Stream; charset=utf-8", b"text/event-stream"),
        (b"  application/json\t;x", b"application/json"),
        (b"", b""),
        (b";", b""),
    ],
)
def test_the_media_type_is_bare_and_in_lower_case(value: bytes, bare: bytes) -> None:
    assert media_type({b"content-type": value}) == bare
    assert media_type({}) == b""


def test_every_status_has_a_line() -> None:
    assert status_line(200) == b"HTTP/1.1 200 OK\r\n"
    assert status_line(404) == b"HTTP/1.1 404 Not Found\r\n"
    assert status_line(529) == b"HTTP/1.1 529 Unknown\r\n"


def test_the_date_is_made_anew_once_a_second() -> None:
    date = DateLine()
    first = date.at(0.0)
    assert first.startswith(b"date: ")
    assert first.endswith(b" GMT\r\n")
    assert date.at(0.9) is first
    assert date.at(1.0) is not first

"""The notation of logs, and texts that only look like it."""

from __future__ import annotations

import pytest

from stellwerk.text.log_patterns import GAPS, MARKS, decoded, encoded

LOG = "\n".join(
    [f"Jun 14 15:16:{n:02} combo sshd(pam_unix)[199{n}]: authentication failure; user=u{n}" for n in range(12)]
    + ["Jun 14 15:17:01 combo kernel: out of memory"]
    + [f"Jun 14 15:18:{n:02} combo session {n} opened for Alice{n}" for n in range(12)]
)


def test_lines_of_one_form_have_one_pattern() -> None:
    text = encoded(LOG)
    lines = text.split("\n")
    assert lines[0] == "<log lines=25 patterns=2>"
    assert lines[1] == "λ=Jun 14 15:16:* combo sshd(pam_unix)[*]: authentication failure; user=*"
    assert lines[3] == "λ00 1990 u0"
    assert lines[15] == "Jun 14 15:17:01 combo kernel: out of memory"
    assert decoded(text) == LOG


def test_numbers_are_never_cut() -> None:
    text = encoded("\n".join(f"10:00:00 took 12.5{n} of 1234{n}ms in run-{n}" for n in range(20)))
    assert "12.57 12347ms 7" in text


def test_letters_and_stars_of_the_log_are_not_used() -> None:
    log = LOG.replace("combo", "λ*")
    text = encoded(log)
    assert "gap=¤" in text
    assert "\nβ=" in text
    assert decoded(text) == log


@pytest.mark.parametrize(
    "log", [LOG + "".join(GAPS), LOG + MARKS, LOG + "</log>", LOG + "<log lines=1", "1 a\n2 a", "nothing\nhere"]
)
def test_what_cannot_be_written_so_that_it_is_read_again_stays(log: str) -> None:
    assert encoded(log) == log


def test_a_value_that_begins_with_a_letter_is_set_apart() -> None:
    log = "\n".join(f"user u{n} has opened a session of the usual kind" for n in range(20))
    text = encoded(log)
    assert "λ u7" in text
    assert decoded(text) == log


def test_lines_without_a_difference_are_their_letter() -> None:
    log = "\n".join(["12:00 the very same line, over and over again"] * 12 + ["13:00 other"])
    assert "\nλ\nλ\n" in encoded(log)
    assert decoded(encoded(log)) == log


@pytest.mark.parametrize(
    "text",
    [
        "<log lines=2 patterns=1>\nλ=a *\nλ1\n</log>",
        "<log lines=1 patterns=1>\nx=a *\nλ1\n</log>",
        "<log lines=1 patterns=1>\nλ=a *\nλ1 2\n</log>",
        "<log lines=1 patterns=1>\nλ=a *\nλ1",
    ],
)
def test_what_only_looks_like_a_log_of_ours_stays(text: str) -> None:
    assert decoded(text) == text

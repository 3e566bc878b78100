"""Logs give back every line, and do not change a second time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.text.log_patterns import MARKS, decoded, encoded

WORDS = st.sampled_from(
    [
        "error",
        "*",
        "¤",
        "7",
        "12.5",
        "a1",
        "[2024-05-01",
        "10:00:01]",
        "",
        "x=9",
        "λ",
        "λ=",
        "</log>",
        "\r",
        "sshd[193]:",
    ]
)
FREE = st.lists(st.lists(WORDS, max_size=6).map(" ".join), max_size=12).map("\n".join)


@st.composite
def logs(draw: st.DrawFn) -> str:
    """Lines of a few forms, as programs write them."""
    forms = draw(
        st.lists(
            st.lists(st.sampled_from(["{}", "user{}", "10.0.0.{}:", "ok", "failed", "{},"]), min_size=1, max_size=8),
            min_size=1,
            max_size=4,
        )
    )
    lines = []
    for _ in range(draw(st.integers(1, 20))):
        form = draw(st.sampled_from(forms))
        lines.append(" ".join(word.format(draw(st.integers(0, 99_999))) for word in form))
    return "\n".join(lines)


@given(FREE | logs() | st.text())
def test_every_line_comes_back(log: str) -> None:
    assert decoded(encoded(log)) == log


@given(logs(), st.text(), st.text())
def test_what_stands_around_a_log_stays(log: str, before: str, behind: str) -> None:
    around = f"{before}\n{{}}\n{behind}".replace("<log", "<")
    if "{}" not in before + behind:
        assert decoded(around.replace("{}", encoded(log))) == around.replace("{}", log)


@given(logs())
def test_a_folded_log_is_left_alone(log: str) -> None:
    once = encoded(log)
    if once != log:
        assert encoded(once) == once


@given(st.from_regex(r"<log lines=[0-3] patterns=[0-2]>\n[a-zλβ=* \n]*(\n</log>)?") | st.text())
def test_what_is_no_log_of_ours_does_no_harm(text: str) -> None:
    assert isinstance(decoded(text), str)


def test_every_mark_is_one_letter_of_its_own() -> None:
    assert len(set(MARKS)) == len(MARKS)
    assert MARKS.isalpha()

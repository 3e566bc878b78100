"""What every optimizer has to be: the same for the same piece, never longer, done once and for all, in linear time."""

from __future__ import annotations

import json
import time
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk import plugins
from stellwerk.core.optimization import Kind, Level, Piece, weigh
from stellwerk.core.subject import Speaker
from stellwerk.optimizing.rewriting import Rewriter
from stellwerk.ports.optimizer import Optimizer

STEPS = plugins.shelf("optimizers")
ROWS = json.dumps([{"id": n, "name": f"lamp {n}", "tags": ["a", n]} for n in range(20)], indent=2)
LOG = "\n".join(f"2026-11-26 12:00:{n:02} INFO worker[{n}]: request took {n} ms" for n in range(40))
TALK = "\n".join(
    f"{who}: Uh , I I think , you know , it is sort of {n} , um , yeah ."
    for n in range(12)
    for who in ("Ada Lovelace", "Bob")
)
PAGE = "<!DOCTYPE html><html><body>" + "<p class='x'>A lamp &amp; more</p>" * 30 + "</body></html>"
DOCUMENTS = "\n\n".join(
    f"[Document {n}] (Title: T{n})\n" + f"The {word} of glass is number {n}. " * 12
    for n, word in enumerate(["lamp", "train", "signal", "herring", "bridge", "rail"])
)
TOOLS = json.dumps(
    [
        {
            "name": f"tool{n}",
            "description": "Does\n  things",
            "input_schema": {"title": "T", "type": "object", "properties": {"a": {"title": "A", "type": "string"}}},
        }
        for n in range(9)
    ]
)
MARKDOWN = (
    "# Lamps\n\n| name    | colour   |\n|---------|----------|\n| lamp    | green    |\n\n"
    + "-" * 40
    + "\n\nWords.  \n" * 30
)
PROSE = (
    "The signal box sets the route of every train. It decided in 1907 that Ada Lovelace must stay.  \n" * 4 + "\n\n\n"
) * 6
PIECES = {
    "json": Piece(ROWS, Kind.JSON),
    "json lines": Piece("\n".join(json.dumps({"level": "info", "n": n}) for n in range(40)), Kind.JSON_LINES),
    "log": Piece(LOG + "\n" + "2026-11-26 12:01:00 the same\n" * 9, Kind.LOG),
    "transcript": Piece(TALK, Kind.TRANSCRIPT),
    "html": Piece(PAGE, Kind.HTML),
    "documents": Piece(f"{DOCUMENTS}\n\nQuestion: Which number has the signal?", Kind.DOCUMENTS),
    "tools": Piece(TOOLS, Kind.TOOLS),
    "tools in a text": Piece(TOOLS, Kind.JSON),
    "markdown": Piece(MARKDOWN, Kind.MARKDOWN),
    "prose": Piece(PROSE, Kind.PROSE),
    "turn": Piece(PROSE, Kind.TURN),
}
TEXTS = (
    st.lists(
        st.sampled_from(
            [piece.text for piece in PIECES.values()] + ["```python\nx  =  1\n```", "Say so.", "\r\n  \r\n"]
        ),
        max_size=4,
    ).map("\n\n".join)
    | st.text()
)


@pytest.fixture(params=STEPS)
def step(request: pytest.FixtureRequest) -> Optimizer:
    """Each of them."""
    return cast("Optimizer", plugins.build("optimizers", request.param, {}))


def test_it_is_an_optimizer_for_something(step: Optimizer) -> None:
    assert isinstance(step, Optimizer)
    assert step.level in {Level.SAFE, Level.BALANCED, Level.AGGRESSIVE}
    assert step.kinds
    assert not step.kinds & {Kind.CODE, Kind.ENCODED}


def test_it_makes_something_shorter(step: Optimizer) -> None:
    pieces = [piece for piece in PIECES.values() if piece.kind in step.kinds]
    assert any(weigh(step.rewrite(piece)) < weigh(piece.text) for piece in pieces)


@pytest.mark.parametrize("name", list(PIECES))
def test_what_comes_out_is_left_alone(step: Optimizer, name: str) -> None:
    piece = PIECES[name]
    if piece.kind in step.kinds:
        once = step.rewrite(piece)
        assert once == step.rewrite(piece)
        assert step.rewrite(Piece(once, piece.kind)) == once


@given(text=st.text() | st.text(alphabet='<>[]{}"\\,:| \n=*λ~0aZ'), kind=st.sampled_from(Kind))
def test_no_text_is_too_strange(text: str, kind: Kind) -> None:
    for name in STEPS:
        one = cast("Optimizer", plugins.build("optimizers", name, {}))
        if kind in one.kinds:
            assert isinstance(one.rewrite(Piece(text, kind)), str)


@pytest.mark.parametrize("level", [Level.SAFE, Level.BALANCED, Level.AGGRESSIVE])
@given(text=TEXTS)
def test_a_text_is_written_anew_once(level: Level, text: str) -> None:
    rewriter = Rewriter(level, min_tokens=0)
    once = rewriter.rewrite(text, Speaker.USER)
    assert weigh(once.text) <= weigh(text)
    assert rewriter.rewrite(once.text, Speaker.USER).text == once.text
    assert Rewriter(level, min_tokens=0).rewrite(text, Speaker.USER) == once


@pytest.mark.parametrize(
    "pattern",
    [
        '"',
        "[",
        '{"a":',
        "<p ",
        "<!--",
        "a: ",
        "1 ",
        "\n",
        " ",
        "[Document 1] x\n",
        "| ",
        "uh , ",
        "```\n",
        "](",
        "<rows 1>\n",
        "?utm_a=",
    ],
)
def test_it_takes_time_in_proportion(pattern: str) -> None:
    rewriter = Rewriter(Level.AGGRESSIVE, min_tokens=0)

    def took(size: int) -> float:
        text = pattern * (size // len(pattern))
        best = 9.0
        for _ in range(3):
            begun = time.process_time()
            rewriter.rewrite(text, Speaker.USER)
            rewriter.rewrite(text, Speaker.USER, is_old=True)
            best = min(best, time.process_time() - begun)
        return best

    assert took(20_000) < max(16 * took(2_500), 0.05)

"""What optimizers come to on texts at hand."""

from __future__ import annotations

import json

from stellwerk.core.optimization import Level, Outcome
from stellwerk.core.subject import Speaker
from stellwerk.optimizing.figures import Figures
from stellwerk.optimizing.rewriting import Rewriter

JSON = json.dumps([{"id": n, "name": f"Lamp {n}"} for n in range(40)], indent=2)


def test_what_was_saved_and_what_is_still_there_is_counted() -> None:
    figures = Figures()
    text = f"Stock:\n{JSON}\n[1, 2"
    figures.add(text, Rewriter(Level.BALANCED).rewrite(text, Speaker.USER), len, 700, ("Lamp 7",))
    assert 0.4 < figures.saved < 0.9
    assert (figures.values, figures.values_kept) == (1, 1)
    assert figures.numbers == figures.numbers_kept == 40
    assert figures.names == figures.names_kept == 2
    assert (figures.answered, figures.answered_after) == (1, 1)
    assert figures.within(0.99) == 700
    assert set(figures.steps) == {"json_minify", "json_table"}


def test_what_was_lost_is_counted_too() -> None:
    figures = Figures()
    figures.add(JSON, Outcome(JSON.replace("Lamp 7", "lamp"), (("json_minify", 1),)), len, 1, ("Lamp 7",))
    assert (figures.values, figures.values_kept) == (1, 0)
    assert (figures.answered, figures.answered_after) == (1, 0)
    figures.add(JSON, Outcome("[]", (("rag_pruning", 1),)), len, 1)
    assert figures.values == 1
    assert figures.texts == 2


def test_nothing_is_nothing() -> None:
    assert Figures().saved == 0.0
    assert Figures().within(0.5) == 0

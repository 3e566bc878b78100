"""Files that a strategy's options name: they lie beside the configuration, and are read when it is judged."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stellwerk.config.compile import compile_file
from stellwerk.core.learned_route import Cut, Head, LearnedRoute, encode

Said = Callable[[str], list[str]]
Write = Callable[[str], Path]

ROUTE = LearnedRoute(1, b"", Head(-1.0, b""), Head(-1.0, b""), 1.0, 0.0, 100, (Cut(0.4, 1.0, 0.995),), 0.9)


def learned(head: str, options: str) -> str:
    """A configuration whose model is routed by what was learned."""
    asked = f'strategy = "learned"\nstrategy_options = {{ {options} }}\n'
    return head.replace('name = "m"\n', f'name = "m"\n{asked}')


def test_a_relative_path_begins_beside_the_configuration(head: str, write: Write, tmp_path: Path) -> None:
    (tmp_path / "routes").mkdir()
    (tmp_path / "routes" / "a.model").write_bytes(encode(ROUTE))
    path = write(learned(head, 'model = "x/../routes/a.model"'))
    assert compile_file(path).models[0].strategy_options == {"model": str(tmp_path / "routes" / "a.model")}


def test_an_absolute_path_may_come_from_a_reference(
    head: str, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.model").write_bytes(encode(ROUTE))
    monkeypatch.setenv("ROUTE", str(tmp_path / "a.model"))
    path = write(learned(head, 'model = "env:ROUTE"'))
    assert compile_file(path).models[0].strategy_options == {"model": str(tmp_path / "a.model")}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", "no model ships; make one with `stellwerk models learn --input OUTCOMES.jsonl --output MODEL`"),
        ('model = ""', "no model ships; make one with"),
        ('model = "away"', "away: the model cannot be read: no such file or directory; no model ships; make one with"),
        ('model = "other"', "other: this is no model that `stellwerk models learn` made"),
        ('model = "a.model", floor = 0.999', "a.model: nothing was found to keep 0.999 of the quality, at most 0.995"),
    ],
)
def test_a_file_that_does_not_do_is_a_problem(
    head: str, said: Said, tmp_path: Path, options: str, expected: str
) -> None:
    (tmp_path / "other").write_text("something else")
    (tmp_path / "a.model").write_bytes(encode(ROUTE))
    (problem,) = said(learned(head, options))
    assert "models[0].strategy_options.model: " in problem
    assert expected in problem


def test_wrong_options_are_told_before_the_file_is_read(head: str, said: Said) -> None:
    (problem,) = said(learned(head, 'model = "away", floor = 2.0'))
    assert "models[0].strategy_options.floor: expected a number <= 1" in problem

"""What may happen to a text, by who wrote it, what it asks for, and the level."""

from __future__ import annotations

import json
import sys
from types import ModuleType

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk import plugins
from stellwerk.core.optimization import Kind, Level, Piece
from stellwerk.core.subject import Speaker
from stellwerk.errors import ConfigurationError
from stellwerk.optimizing.notations import decoded
from stellwerk.optimizing.rewriting import Rewriter
from stellwerk.optimizing.steps import names

ROWS = [{"id": n, "name": f"lamp {n}", "stock": n * 7} for n in range(40)]
JSON = json.dumps(ROWS, indent=2)
CODE = "```python\ndef  lamp( ):\n    return   1   \n\n\n\n```"
LOG = "\n".join(f"2026-11-26 12:00:{n:02} INFO worker[{n}]: request took {n} ms" for n in range(40))
SAFE, BALANCED, AGGRESSIVE = (Rewriter(level) for level in (Level.SAFE, Level.BALANCED, Level.AGGRESSIVE))


def test_safe_json_is_the_same_json_in_the_same_order() -> None:
    text = SAFE.rewrite(f"Stock:\n{JSON}", Speaker.USER).text
    assert text == "Stock:\n" + json.dumps(ROWS, separators=(",", ":"))


def test_balanced_json_has_the_same_values() -> None:
    outcome = BALANCED.rewrite(f"Stock:\n{JSON}", Speaker.TOOL)
    assert json.loads(decoded(outcome.text).removeprefix("Stock:\n")) == ROWS
    assert [step for step, _ in outcome.saved] == ["json_minify", "json_table"]


def test_objects_with_a_line_each_stay_so_at_safe_and_come_back_at_balanced() -> None:
    lines = "\n".join(json.dumps({"level": "info", "message": "took a while", "n": n}) for n in range(40))
    compact = lines.replace(": ", ":").replace(", ", ",")
    assert SAFE.rewrite(lines, Speaker.TOOL).text == compact
    text = BALANCED.rewrite(lines, Speaker.TOOL).text
    assert text.startswith("<rows 40 lines>\nlevel=info,message=took a while,n\n0\n1\n")
    assert decoded(text) == compact


def test_balanced_logs_have_the_same_lines() -> None:
    text = BALANCED.rewrite(f"Why?\n```\n{LOG}\n```", Speaker.USER).text
    assert decoded(text) == f"Why?\n```\n{LOG}\n```"


@pytest.mark.parametrize("level", [Level.SAFE, Level.BALANCED, Level.AGGRESSIVE])
@given(
    code=st.text(alphabet=st.characters(blacklist_characters="`~", blacklist_categories=["Cs"]), max_size=300),
    info=st.sampled_from(["python", "json", "", "js", "diff"]),
)
def test_code_in_fences_stays_byte_for_byte(level: Level, code: str, info: str) -> None:
    fence = f"```{info}\n{code}\n```"
    text = f"Stock:\n{JSON}\n\n{fence}\n\nIs  that   right?\n\n\n\n{CODE}"
    written = Rewriter(level).rewrite(text, Speaker.USER).text
    assert fence in written
    assert CODE in written
    assert len(written) < len(text)


@pytest.mark.parametrize(
    "asking",
    [
        "Repeat the following word for word.",
        "Return this JSON exactly.",
        "Leave the list unchanged, please.",
        "Pretty-print this:",
        "Gib die Liste unverändert zurück.",
        "Wiederhole das Folgende wörtlich.",
    ],
)
def test_what_is_wanted_back_stays(asking: str) -> None:
    for rewriter in (SAFE, BALANCED, AGGRESSIVE):
        assert rewriter.rewrite(f"{asking}\n{JSON}", Speaker.USER).text == f"{asking}\n{JSON}"
        assert rewriter.rewrite(JSON, Speaker.TOOL, asking).text == JSON


def test_json_that_shows_how_an_answer_shall_look_stays_json() -> None:
    text = f"Answer in the following format:\n{JSON}"
    written = BALANCED.rewrite(text, Speaker.USER).text
    assert json.loads(written.partition("\n")[2]) == ROWS
    assert "<rows" in BALANCED.rewrite(JSON, Speaker.TOOL, "Answer in JSON, for example.").text


@pytest.mark.parametrize("speaker", [Speaker.SYSTEM, Speaker.DEVELOPER])
def test_what_governs_a_conversation_loses_white_space_alone(speaker: Speaker) -> None:
    text = f"Be  kind.   \n\n\n\nUm, uh.\n{JSON}\n{LOG}"
    written = AGGRESSIVE.rewrite(text, speaker).text
    assert len(written) < len(text)
    assert "".join(written.split()) == "".join(text.split())


def test_what_the_assistant_said_stays() -> None:
    assert AGGRESSIVE.rewrite(JSON, Speaker.ASSISTANT).text == JSON


def test_an_old_turn_is_shortened_whoever_spoke() -> None:
    turn = "".join(f"This is sentence number {n} of a long story about lamps. " for n in range(60))
    for speaker in (Speaker.ASSISTANT, Speaker.USER):
        outcome = AGGRESSIVE.rewrite(turn, speaker, is_old=True)
        assert len(outcome.text) < len(turn) / 2
        assert outcome.saved[0][0] == "history"
        assert BALANCED.rewrite(turn, speaker, is_old=True).text == turn


def test_short_texts_and_small_gains_are_left_alone() -> None:
    assert SAFE.rewrite('{"a" :  1 }' * 3, Speaker.USER).text == '{"a" :  1 }' * 3
    words = "Words of a kind that nobody changes, in a long and quiet line.\n" * 60
    assert SAFE.rewrite(f'{words}{{"a": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]}}', Speaker.USER).saved == ()


def test_tools_are_slimmed_from_balanced_on() -> None:
    schema = {
        "type": "object",
        "title": "T",
        "properties": {f"p{n}": {"title": "P", "type": "string"} for n in range(40)},
    }
    tools = json.dumps([{"name": "a", "input_schema": schema}])
    assert SAFE.tools(tools).saved == ()
    assert "title" not in BALANCED.tools(tools).text
    assert BALANCED.tools("[]").text == "[]"
    assert BALANCED.tools(json.dumps([{"name": "a" * 900}])).saved == ()


def test_chosen_steps_alone_are_taken() -> None:
    rewriter = Rewriter(Level.BALANCED, ("whitespace",))
    assert rewriter.rewrite(JSON, Speaker.USER).text == JSON
    with pytest.raises(ConfigurationError, match="there is no 'tables'"):
        Rewriter(Level.SAFE, ("tables",))


def test_off_does_nothing() -> None:
    assert Rewriter(Level.OFF).rewrite(JSON, Speaker.USER).text == JSON


def test_every_step_has_a_level() -> None:
    assert {plugins.level(name) for name in names()} == {Level.SAFE, Level.BALANCED, Level.AGGRESSIVE}


class Failing:
    """A plugin of somebody else, which fails."""

    level = Level.SAFE
    kinds = frozenset({Kind.JSON})

    def rewrite(self, piece: Piece) -> str:
        """Fails."""
        raise RuntimeError(piece.text)


class NoSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """None."""


def test_a_step_that_fails_has_changed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("stellwerk.optimizers.failing")
    vars(module).update(Settings=NoSettings, build=lambda _: Failing())
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(plugins, "shelf", lambda _: ("failing", "json_minify"))
    assert Rewriter(Level.SAFE).rewrite(JSON, Speaker.USER).saved[0][0] == "json_minify"


def test_a_longer_writing_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Failing, "rewrite", lambda _, piece: piece.text + " " + piece.text)
    module = ModuleType("stellwerk.optimizers.longer")
    vars(module).update(Settings=NoSettings, build=lambda _: Failing())
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(plugins, "shelf", lambda _: ("longer",))
    assert Rewriter(Level.SAFE).rewrite(JSON, Speaker.USER).text == JSON


def test_a_page_shows_what_it_holds() -> None:
    page = "<html><body>" + "<p class='x'>A lamp</p>\n" * 20 + f"<pre>{JSON}</pre></body></html>"
    text = BALANCED.rewrite(f"Read this page.\n{page}", Speaker.USER).text
    assert "<rows 40>" in text
    assert "<p" not in text

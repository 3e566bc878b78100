"""What each optimizer of words makes of examples, and what it leaves alone."""

from __future__ import annotations

from typing import Any, cast

import pytest

from stellwerk import plugins
from stellwerk.core.optimization import Kind, Piece
from stellwerk.ports.optimizer import Optimizer

LONG = (
    "The signal box sets the route of every train, and makes collisions of trains impossible, whatever the weather. "
    * 3
)


def through(name: str, text: str, kind: Kind, question: str = "", **options: Any) -> str:
    """What one of them makes of a text."""
    return cast("Optimizer", plugins.build("optimizers", name, options)).rewrite(Piece(text, kind, question))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("A  lamp.   \n\n\n\nAnother one,  green.\t\r\nEnd", "A lamp.\n\nAnother one, green.\nEnd"),
        ("    indented\n  a   b\n  c   d", "    indented\n  a   b\n  c   d"),
        ("name    colour\nlamp    green\nbulb    white", "name    colour\nlamp    green\nbulb    white"),
        ("| a  | b  |\n| c  | d  |", "| a  | b  |\n| c  | d  |"),
        (f"{LONG}  Two  gaps.", f"{LONG.strip()} Two gaps."),
        ("nothing", "nothing"),
    ],
)
def test_white_space_goes_where_it_says_nothing(text: str, written: str) -> None:
    assert through("whitespace", text, Kind.PROSE) == written


def test_a_paragraph_that_stood_before_is_pointed_to() -> None:
    text = f"First.\n\n{LONG}\n\nThen.\n\n{LONG}\n\nLast."
    written = through("duplicates", text, Kind.PROSE)
    assert written.count(LONG.strip()) == 1
    assert "[The paragraph “The signal box sets the route of every train,…” above stands here again.]" in written
    assert through("duplicates", "Yes, yes.\n\n" * 40, Kind.PROSE) == "Yes, yes.\n\n" * 40


def test_repeated_lines_are_counted_as_syslog_does() -> None:
    log = "a line of a log\n" * 5 + "short\n" * 5 + "another line of it\nanother line of it"
    assert through("repeated_lines", log, Kind.LOG) == (
        "a line of a log\nlast message repeated 4 times\n" + "short\n" * 5 + "another line of it\nanother line of it"
    )


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("Uh , so {vocalsound} we we need , um , five five lamps .", "so we need , five five lamps ."),
        ("You know , it is kind of green .", ", it is green ."),
        ("Do you know what kind of lamp this is ?", "Do you know what kind of lamp this is ?"),
        ("I think I think that that is it .", "I think that that is it ."),
        ("Well, um, I mean, it is 12.5, you know.", "Well, it is 12.5, you know."),
        ("So , . So we go .", "So . So we go ."),
        ("Yes yes , no no .", "Yes yes , no no ."),
        ("What I mean is this .", "What I mean is this ."),
        ("the , the lamp", "the lamp"),
        ("Äh , er hat ihn ihn gesehen .", ", er hat ihn gesehen ."),
    ],
)
def test_what_is_never_written_is_left_out(said: str, written: str) -> None:
    assert through("transcript", f"Ada: {said}", Kind.TRANSCRIPT) == f"Ada: {written.removeprefix(', ')}"


def test_turns_of_one_speaker_become_one_and_empty_ones_go() -> None:
    text = "Ada: One .\nAda: Two .\nBob: Um .\nAda: Three .\n\nBob: Yeah ."
    assert through("transcript", text, Kind.TRANSCRIPT) == "Ada: One . Two . Three .\n\nBob: Yeah ."


def test_long_names_are_abbreviated_once_and_for_all() -> None:
    text = "\n".join(
        f"{who}: Number {n} ." for n in range(6) for who in ("Project Manager", "Bob", "Industrial Designer")
    )
    written = through("transcript", text, Kind.TRANSCRIPT)
    assert written.startswith(
        "PM=Project Manager; ID=Industrial Designer\nPM: Number 0 .\nBob: Number 0 .\nID: Number 0 ."
    )
    alike = text.replace("Industrial Designer", "Poor Mechanic")
    assert through("transcript", alike, Kind.TRANSCRIPT).startswith("S1=Project Manager; S2=Poor Mechanic\n")
    taken = f"S1: a\nPM: b\nID: c\n{text}"
    assert through("transcript", taken, Kind.TRANSCRIPT).startswith("S1: a\nPM: b\nID: c\nProject Manager:")


PAGE = """<!DOCTYPE html><html><head><title>Lamps &amp; more</title><style>p { x }</style>
<SCRIPT>if (a < b) {}</SCRIPT></head>
<body><!-- a note --><h2>Green</h2><p class="a > b">A <b>lamp</b> for&nbsp;5&thinsp;€.<br>Two.</p>
<ul><li>one<li>two</ul><table><tr><td>a</td><td>b</td></tr></table>
<img src="x" alt='A lamp'><svg/><hr>a < b</body></html>"""


def test_a_page_becomes_what_is_shown_of_it() -> None:
    assert through("html_text", PAGE, Kind.HTML).split("\n") == [
        "Lamps & more",
        "## Green",
        "A lamp for 5\u2009€.",
        "Two.",
        "- one",
        "- two",
        "a | b |",
        "A lamp",
        "a < b",
    ]


@pytest.mark.parametrize("question", ["Which CSS selector fits?", "List the links.", "Is the markup right?"])
def test_who_asks_about_markup_gets_it(question: str) -> None:
    assert through("html_text", PAGE, Kind.HTML, question) == PAGE


@pytest.mark.parametrize("rest", ["<script>never closed", "<!-- never closed", "<svg never closed"])
def test_a_page_that_breaks_off_ends_there(rest: str) -> None:
    assert through("html_text", f"<html><p>A lamp</p>{rest}", Kind.HTML).startswith("A lamp")


def test_markdown_loses_what_only_its_source_shows() -> None:
    text = (
        "[![build](https://x.org/a.svg)](https://x.org)\n![badge](https://img.shields.io/x)\n![A lamp](lamp.png)\n"
        "| name   | colour |\n|--------|:------:|\n| lamp   | green  |\n==========\n"
        "[a](https://x.org/?utm_source=b&id=1) [b](https://x.org/?utm_source=b) [c](https://x.org/?id=1&fbclid=2)"
    )
    assert through("markdown", text, Kind.MARKDOWN) == (
        "\n\n![A lamp](lamp.png)\n|name|colour|\n|-|:-:|\n|lamp|green|\n===\n"
        "[a](https://x.org/?id=1) [b](https://x.org/) [c](https://x.org/?id=1)"
    )


DOCUMENTS = "\n\n".join(
    f"[Document {n}] (Title: T{n})\nThe {word} of glass was made in {1900 + n}. " + "It stands in the hall. " * 6
    for n, word in enumerate(["lamp", "train", "signal", "herring", "bridge", "rail", "ship", "tower"])
)


def test_documents_close_to_the_question_stay_with_their_numbers() -> None:
    text = f"Answer from these.\n\n{DOCUMENTS}\n\nQuestion: Who made the herring of glass?\nAnswer:"
    written = through("rag_pruning", text, Kind.DOCUMENTS)
    assert "[Document 3]" in written
    assert written.count("[Document ") == 3
    assert "[5 less relevant documents left out]" in written
    assert written.startswith("Answer from these.")
    assert written.endswith("Question: Who made the herring of glass?\nAnswer:")
    assert through("rag_pruning", written, Kind.DOCUMENTS) == written


def test_a_document_with_a_number_of_the_question_stays() -> None:
    text = f"{DOCUMENTS}\n\nQuestion: Was the herring or something else made in 1906?"
    assert "[Document 6]" in through("rag_pruning", text, Kind.DOCUMENTS)


@pytest.mark.parametrize("question", ["", "Summarise the documents about herring.", "Why is that so?"])
def test_all_documents_stay_where_nobody_can_tell_which_matter(question: str) -> None:
    assert through("rag_pruning", DOCUMENTS, Kind.DOCUMENTS, question) == DOCUMENTS


def test_a_question_given_beside_is_the_one() -> None:
    assert "[Document 4]" in through(
        "rag_pruning", DOCUMENTS, Kind.DOCUMENTS, "Where does the bridge of glass stand?", least=0.1, close=0.9
    )
    assert through("rag_pruning", "No documents.", Kind.DOCUMENTS, "Where?") == "No documents."


def test_an_old_turn_keeps_its_first_sentence_numbers_and_decisions() -> None:
    text = (
        "We spoke of lamps. "
        + "It was a quiet evening and nothing much happened. " * 20
        + "We decided to buy 12 lamps from Ada Lovelace. "
        + "Then we went home by the usual way. " * 20
        + "\n```\nx = 1\n```\nGood night."
    )
    written = through("history", text, Kind.TURN, keep=0.1)
    assert written.startswith("We spoke of lamps. ")
    assert "We decided to buy 12 lamps from Ada Lovelace." in written
    assert "```\nx = 1\n```" in written
    assert len(written) < 0.3 * len(text)
    assert through("history", written, Kind.TURN) == written
    assert through("history", "One. Two. Three.", Kind.TURN) == "One. Two. Three."


@pytest.mark.parametrize("name", ["json_table", "tool_schema"])
def test_json_that_cannot_be_written_anew_stays(name: str) -> None:
    deep = "[" * 99 + "]" * 99
    declared = '{"parameters": {"type": "object", "properties": {}}, "a": 1, "a": 2}'
    assert through(name, deep, Kind.JSON) == deep
    assert through(name, declared, Kind.JSON) == declared


def test_plain_markdown_stays() -> None:
    assert (
        through("markdown", "# A lamp\n\n[it](https://x.org/?id=1)", Kind.MARKDOWN)
        == "# A lamp\n\n[it](https://x.org/?id=1)"
    )

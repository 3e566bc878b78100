"""What a text consists of."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.optimization import Kind
from stellwerk.text import kinds
from stellwerk.text.kinds import documents, segments
from stellwerk.text.relevance import asked, outside

LOG = "\n".join(f"2026-11-26 12:00:{n:02} INFO worker[{n}]: request took {n} ms" for n in range(10))
JSON = json.dumps([{"id": n, "name": "lamp"} for n in range(4)], indent=1)
TALK = "\n".join(f"{who}: Uh , I think so {n} ." for n in range(8) for who in ("Ada Lovelace", "Bob"))
PAGE = "<!DOCTYPE html>\n<html><body>" + "<p>A lamp</p>" * 8 + "</body></html>"
CODE = "def lamp(colour):\n    return colour\n\nprint(lamp('green'))"
PATCH = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b"
DOCUMENTS = "\n\n".join(f"[Document {n}] (Title: Lamps)\n" + "Lamps of glass are green. " * 8 for n in range(1, 5))


def kinds_of(text: str) -> list[tuple[Kind, str]]:
    """The parts of a text that are more than white space, neighbours of one kind together."""
    found: list[tuple[Kind, str]] = []
    for one in segments(text):
        part = text[one.start : one.end]
        if found and found[-1][0] is one.kind:
            found[-1] = one.kind, found[-1][1] + part
        elif part.strip():
            found.append((one.kind, part))
    return found


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (JSON, Kind.JSON),
        (LOG, Kind.LOG),
        (TALK, Kind.TRANSCRIPT),
        (PAGE, Kind.HTML),
        (CODE, Kind.CODE),
        (PATCH, Kind.CODE),
        ("# Lamps\n\n| a | b |\n|---|---|\n| 1 | 2 |", Kind.MARKDOWN),
        ("Lamps are green.\nMostly.", Kind.PROSE),
        ("<rows 1>\nid=1\n\n</rows>", Kind.ENCODED),
        (f"```python\n{CODE}\n```", Kind.CODE),
        (f"~~~\n{CODE}\n~~~", Kind.CODE),
        (f"```json\n{JSON}\n```", Kind.CODE),
        (f"```python\n{LOG}\n```", Kind.CODE),
        (f"```\n{LOG}", Kind.CODE),
        (f"````\n```\n{LOG}\n```\n````", Kind.CODE),
        ("```\n<log lines=1 patterns=0>\n12:00:00\n</log>\n```", Kind.CODE),
    ],
)
def test_a_text_of_one_kind_is_told(text: str, kind: Kind) -> None:
    assert kinds_of(text) == [(kind, text)]


def test_a_log_in_a_fence_that_claims_no_language_is_a_log() -> None:
    found = kinds_of(f"Why?\n```\n{LOG}\n```\nThanks")
    assert [kind for kind, _ in found] == [Kind.PROSE, Kind.CODE, Kind.LOG, Kind.CODE, Kind.PROSE]
    assert found[2][1] == LOG


def test_parts_of_several_kinds_are_told_apart() -> None:
    text = f"Stock:\n{JSON}\n\nThe log:\n{LOG}\n\n{CODE}\n\nThanks."
    assert [kind for kind, _ in kinds_of(text)] == [
        Kind.PROSE,
        Kind.JSON,
        Kind.PROSE,
        Kind.LOG,
        Kind.CODE,
        Kind.PROSE,
    ]


def test_a_stack_trace_belongs_to_its_log_and_a_story_ends_it() -> None:
    traced = LOG.replace("took 5 ms", "failed\n  at lamp()\n  at main()")
    assert kinds_of(traced) == [(Kind.LOG, traced)]
    story = "\n".join(["once upon a time"] * 20)
    assert [kind for kind, _ in kinds_of(f"{LOG}\n{story}\n{LOG}")] == [Kind.LOG, Kind.PROSE, Kind.LOG]
    few = "\n".join(LOG.split("\n")[:3])
    assert [kind for kind, _ in kinds_of(f"{few}\n\n{few}\n\n{few}")] == [Kind.PROSE]


def test_words_before_a_transcript_are_no_part_of_it() -> None:
    assert [kind for kind, _ in kinds_of(f"Summarise.\n\n{TALK}")] == [Kind.PROSE, Kind.TRANSCRIPT]


def test_a_list_of_fields_is_no_transcript() -> None:
    fields = "\n".join(f"Name: lamp {n}\nColour: green\nPrice: {n}" for n in range(9))
    assert [kind for kind, _ in kinds_of(fields)] == [Kind.PROSE]


@pytest.mark.parametrize("text", ["<html> is a tag", "<html><p>x</p></html>", "<body> " + "x" * 40])
def test_a_tag_makes_no_page(text: str) -> None:
    assert [kind for kind, _ in kinds_of(text)] == [Kind.PROSE]


def test_words_around_a_page_are_no_part_of_it() -> None:
    assert [kind for kind, _ in kinds_of(f"Read this:\n{PAGE}\nThanks")] == [Kind.PROSE, Kind.HTML, Kind.PROSE]


def test_a_notation_without_its_end_is_none() -> None:
    assert [kind for kind, _ in kinds_of("<rows 3>\nid,name\n1,2")] == [Kind.PROSE]


def test_what_stands_around_a_table_is_looked_at() -> None:
    assert [kind for kind, _ in kinds_of(f"A\n<rows 1>\nid=1\n\n</rows>\n{JSON}")] == [
        Kind.PROSE,
        Kind.ENCODED,
        Kind.JSON,
    ]


def test_a_text_that_is_far_too_long_is_prose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "MOST_CHARACTERS", 50)
    assert [kind for kind, _ in kinds_of(JSON)] == [Kind.PROSE]
    assert documents(DOCUMENTS) == ()


@given(
    st.lists(
        st.sampled_from([LOG, JSON, TALK, PAGE, CODE, PATCH, "```", "~~~~", "\n\n", "words ", "<rows 1>\n", '{["'])
    ).map("\n".join)
    | st.text()
)
def test_the_parts_are_the_whole(text: str) -> None:
    assert "".join(text[one.start : one.end] for one in segments(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        DOCUMENTS,
        DOCUMENTS.replace("[Document ", "## Source ").replace("] (Title", " (Title"),
        DOCUMENTS.replace("[Document ", "[").replace(" (Title: Lamps)", ""),
        "\n".join(f'<document index="{n}">' + "Lamps are green. " * 9 + "</document>" for n in range(4)),
    ],
)
def test_documents_are_found_by_their_headers(text: str) -> None:
    parts = documents(f"Answer from these.\n\n{text}\n\nQuestion: Who?\nAnswer:")
    assert len(parts) == 4
    assert outside(f"Answer from these.\n\n{text}\n\nQuestion: Who?\nAnswer:", parts).startswith("Answer from these.")


def test_the_last_document_has_as_many_paragraphs_as_the_others() -> None:
    parts = documents(f"{DOCUMENTS}\n\nWho has the lamp?\n\nSay it shortly.")
    text = f"{DOCUMENTS}\n\nWho has the lamp?\n\nSay it shortly."
    assert outside(text, parts) == "Who has the lamp?\n\nSay it shortly."
    assert documents(DOCUMENTS)[-1][1] == len(DOCUMENTS)
    long = "\n\n".join(f"Source {n}:\nA lamp.\n\n" + "Lamps of glass are green. " * 9 for n in range(3))
    assert documents(long)[-1][1] == len(long)


@pytest.mark.parametrize(
    "text",
    [
        "[1] one\n[2] two\n[3] three",
        "<document>" + "x" * 300 + "\n<document>" + "x" * 300 + "\n<document>" + "x" * 300,
        "<document>" + "x" * 300 + "\n<document>" + "x" * 300 + "</document>\n<document>" + "x" * 300 + "</document>",
        "A document is a text.",
    ],
)
def test_lists_and_open_tags_are_no_documents(text: str) -> None:
    assert documents(text) == ()


@pytest.mark.parametrize(
    ("around", "question"),
    [
        ("Use only these.\n\n", ""),
        ("Use only these.\n\nQuestion: Who has it?\nAnswer:", "Who has it?"),
        ("Question: Who?\n\nQuestion:\nWho has it?", "Who has it?"),
        ("Use only these.\n\nWho has it?", "Who has it?"),
        ("\n\n", ""),
    ],
)
def test_the_question_is_what_is_called_so_or_stands_last(around: str, question: str) -> None:
    at = around.find("\n\n") + 2
    text = f"{around[:at]}{DOCUMENTS}\n\n{around[at:]}"
    start = text.index(DOCUMENTS)
    found = asked(text, ((start, start + len(DOCUMENTS)),))
    assert found == (question or around.strip())


def test_transcripts_with_a_story_between_them_are_two() -> None:
    story = "\n".join(["It was a quiet day."] * 6)
    found = kinds_of(f"{TALK}\n{story}\nBob: yes\n{story}\n{TALK}")
    assert [kind for kind, _ in found] == [Kind.TRANSCRIPT, Kind.PROSE, Kind.TRANSCRIPT]


LINES = "\n".join(json.dumps({"level": "info", "message": "took a while", "n": n}) for n in range(5))


def test_objects_with_a_line_each_are_taken_together() -> None:
    assert kinds_of(f"Why?\n{LINES}\nThanks")[1] == (Kind.JSON_LINES, LINES)
    assert kinds_of(LINES.replace("\n", "\n\n"))[0][0] is Kind.JSON
    two = "\n".join(LINES.split("\n")[:2])
    assert {kind for kind, _ in kinds_of(two)} == {Kind.JSON}
    whole = json.dumps([1] * 40)
    assert [kind for kind, _ in kinds_of(f"{LINES}\n{whole}\n{LINES}")] == [Kind.JSON_LINES, Kind.JSON, Kind.JSON_LINES]

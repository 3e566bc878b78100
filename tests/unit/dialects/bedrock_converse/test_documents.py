"""Documents: a name for each, in Bedrock's alphabet, and no two alike."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.chat import ChatRequest, Message, Role
from stellwerk.core.part import Document, Text, TextSource, ToolResult
from stellwerk.dialects.bedrock_converse.documents import name_documents

NAMES = st.one_of(st.none(), st.text(max_size=210), st.sampled_from(["a", "a.pdf", "a (2)", "document", "Ü b.x"]))


def chat(names: list[str | None]) -> ChatRequest:
    documents = tuple(Document(TextSource("x"), name) for name in names)
    result = ToolResult("a", documents[1::2])
    return ChatRequest("m", (Message(Role.USER, (Text("x"), *documents[::2])), Message(Role.TOOL, (result,))))


def names_of(request: ChatRequest) -> list[str | None]:
    first, second = (message.parts for message in request.messages)
    (result,) = second
    assert isinstance(result, ToolResult)
    parts = [*first, *result.parts]
    return [part.name for part in parts if isinstance(part, Document)]


@given(st.lists(NAMES, max_size=8))
def test_every_document_has_a_name_of_its_own_that_bedrock_takes(names: list[str | None]) -> None:
    found = names_of(name_documents(chat(names)))
    assert len(found) == len(names)
    assert len(set(found)) == len(found)
    for name in found:
        assert name is not None
        assert re.fullmatch(r"[A-Za-z0-9\s\-()\[\]]{1,200}", name)
        assert not re.search(r"\s\s", name)


def test_names_that_fit_stay_and_files_lose_their_ending() -> None:
    assert names_of(name_documents(chat(["Report (1)", "q3/results.final.pdf", None, ".", "Report (1)"]))) == [
        "Report (1)",
        "document",
        "Report (1) (2)",
        "q3 results final",
        "document (2)",
    ]


def test_a_request_without_documents_is_the_same_object() -> None:
    request = ChatRequest("m", (Message(Role.USER, (Text("x"), ToolResult("a", (Text("y"),)))),))
    assert name_documents(request) is request

"""Names of tools and ids of calls in Bedrock's alphabet: a bijection that depends on nothing else."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.chat import ChatRequest, Message, Role
from stellwerk.core.part import ToolCall, ToolResult
from stellwerk.core.tool import FunctionTool, OpaqueTool, ToolChoice, ToolMode, ToolName
from stellwerk.dialects.bedrock_converse import names
from stellwerk.dialects.bedrock_converse.names import neutral_names, wire_ids, wire_names

WORDS = st.text(max_size=70)


def chat(tools: list[str], called: list[str] = [], ids: list[str] = []) -> ChatRequest:  # noqa: B006 (never changed)
    calls = tuple(ToolCall(identity, name, "{}") for identity, name in zip(ids or called, called, strict=True))
    results = tuple(ToolResult(identity, ()) for identity in ids)
    messages = (Message(Role.ASSISTANT, calls), Message(Role.TOOL, results))
    return ChatRequest("m", messages, tuple(FunctionTool(name) for name in tools))


@given(st.lists(WORDS, max_size=6), st.lists(WORDS, max_size=6))
def test_every_name_has_one_counterpart_that_fits_and_leads_back(tools: list[str], called: list[str]) -> None:
    request = chat(tools, called)
    mapped = wire_names(request)
    assert set(mapped) == {*tools, *called}
    assert len(set(mapped.values())) == len(mapped)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", wire) for wire in mapped.values())
    back = neutral_names(request)
    assert {back.get(wire, wire) for wire in mapped.values()} == set(mapped)


@given(st.lists(WORDS, max_size=6))
def test_every_id_has_one_counterpart_that_fits(ids: list[str]) -> None:
    mapped = wire_ids(chat([], ["f"] * len(ids), ids))
    assert len(set(mapped.values())) == len(mapped) == len(set(ids))
    assert all(re.fullmatch(r"[a-zA-Z0-9_.:-]{1,64}", wire) for wire in mapped.values())


def test_what_fits_stays_and_what_does_not_depends_on_itself_alone() -> None:
    few, many = wire_names(chat(["a.b", "plain"])), wire_names(chat(["new", "x/y", "plain", "a.b"]))
    assert few["plain"] == many["plain"] == "plain"
    assert few["a.b"] == many["a.b"]
    assert few["a.b"].startswith("a_b_")


def test_a_name_that_another_tool_has_already_is_not_given_twice() -> None:
    taken = wire_names(chat(["a.b"]))["a.b"]
    mapped = wire_names(chat([taken, "a.b"]))
    assert mapped[taken] == taken
    assert mapped["a.b"] != taken


def test_names_of_a_choice_are_mapped_and_tools_of_other_dialects_have_none() -> None:
    choice = ToolChoice(ToolMode.REQUIRED, (ToolName("x y"),))
    request = ChatRequest("m", (), (OpaqueTool("gemini", "googleSearch", b"{}"),), choice)  # type: ignore[arg-type]
    assert list(wire_names(request)) == ["x y"]


def test_a_name_that_is_not_in_the_mapping_is_its_own() -> None:
    assert names.renamed({"a": "b"}, "a") == "b"
    assert names.renamed({"a": "b"}, "c") == "c"

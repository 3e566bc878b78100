"""Answers are shared by those who may have them: owners, models, arms and requests never fall together."""

from __future__ import annotations

import json
from itertools import combinations, pairwise
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.chat import ChatRequest, Message, Role
from stellwerk.core.identity import Principal
from stellwerk.core.part import Text
from stellwerk.core.request_key import asked
from stellwerk.core.tool import FunctionTool
from stellwerk.dialects.openai_chat.request import decode as decode_chat
from stellwerk.dialects.openai_responses.request import decode as decode_responses
from stellwerk.gateway.stages.recall import Look, look, owners

NAMES = st.text("ab/:|", max_size=3)
PRINCIPALS = st.builds(Principal, key_name=NAMES, team=NAMES, models=st.none(), organization=NAMES, user=NAMES)
SCOPES = st.sampled_from(("key", "team", "organization", "everyone"))
BASES = st.binary(min_size=32, max_size=32)
WORDS = st.text("ab \n", max_size=4)
MESSAGES = st.lists(
    st.builds(
        Message,
        role=st.sampled_from((Role.SYSTEM, Role.USER, Role.ASSISTANT)),
        parts=st.tuples(st.builds(Text, text=WORDS)),
    ),
    max_size=3,
).map(tuple)
REQUESTS = st.builds(
    ChatRequest,
    model=st.just("m"),
    messages=MESSAGES,
    tools=st.lists(st.builds(FunctionTool, name=WORDS), max_size=1).map(tuple),
    output_cap=st.none() | st.integers(1, 2),
    user=st.none() | WORDS,
)


def keys(found: Look) -> set[bytes]:
    return {*found.exact, *found.alike, *found.scopes}


@given(BASES, REQUESTS, PRINCIPALS, PRINCIPALS, SCOPES)
def test_who_shares_an_answer_is_of_one_tenant(
    base: bytes, request: ChatRequest, one: Principal, other: Principal, scope: str
) -> None:
    found = [look(base, owners(who, scope), asked(request), "same") for who in (one, other)]
    shared = keys(found[0]) & keys(found[1])
    is_one = (one.key_name, one.team, one.organization) == (other.key_name, other.team, other.organization)
    match scope:
        case "everyone":
            assert shared
        case "organization" if one.organization and other.organization:
            assert bool(shared) == (one.organization == other.organization)
        case "team" if one.team and other.team:
            assert bool(shared) == ((one.organization, one.team) == (other.organization, other.team))
        case "key":
            assert bool(shared) == is_one
        case _:
            assert not shared or is_one


@given(BASES, REQUESTS, PRINCIPALS, PRINCIPALS, SCOPES)
def test_what_is_a_callers_own_is_nobody_elses(
    base: bytes, request: ChatRequest, one: Principal, other: Principal, scope: str
) -> None:
    first, second = (look(base, owners(who, scope), asked(request), "same") for who in (one, other))
    assert (first.exact[0] in keys(second)) == (one == other)
    assert (first.scopes[0] in keys(second)) == (one == other)


@given(BASES, BASES, REQUESTS, REQUESTS, PRINCIPALS, SCOPES)
def test_requests_and_ways_of_serving_never_fall_together(
    base: bytes, another: bytes, one: ChatRequest, other: ChatRequest, who: Principal, scope: str
) -> None:
    own = owners(who, scope)
    first, second = look(base, own, asked(one), None), look(base, own, asked(other), None)
    assert bool(set(first.exact) & set(second.exact)) == (asked(one) == asked(other))
    if base != another:
        assert not keys(first) & keys(look(another, own, asked(one), None))


@given(BASES, REQUESTS, REQUESTS, PRINCIPALS)
def test_only_the_last_turn_may_differ_within_a_scope(
    base: bytes, one: ChatRequest, other: ChatRequest, who: Principal
) -> None:
    own = owners(who, "team")
    first, second = look(base, own, asked(one), "same"), look(base, own, asked(other), "same")
    is_same_rest = asked(one).rest == asked(other).rest
    assert bool(set(first.scopes) & set(second.scopes)) == is_same_rest
    assert not set(first.alike) & set(second.alike) or is_same_rest


class Said(msgspec.Struct, frozen=True):
    """What a request asks, however it is written and in whichever dialect."""

    system: str | None
    turns: tuple[tuple[bool, str], ...]
    """Whether the user has said it, and what."""
    cap: int | None
    tool: tuple[str, bool] | None
    metadata: tuple[tuple[str, str], ...]


SAID = st.builds(
    Said,
    system=st.none() | WORDS,
    turns=st.lists(st.tuples(st.booleans(), st.text("ab ", min_size=1, max_size=3)), min_size=1, max_size=3).map(tuple),
    cap=st.none() | st.integers(1, 2),
    tool=st.none() | st.tuples(st.sampled_from("fg"), st.booleans()),
    metadata=st.sampled_from(((), (("customer", "1"),))),
)
FUNCTION = {"parameters": {"type": "object"}}


@st.composite
def written(draw: st.DrawFn, said: Said) -> ChatRequest:
    """One of the ways to ask it with `/v1/responses`."""

    def some(**members: Any) -> dict[str, Any]:
        """Members that may be written or not."""
        return {name: value for name, value in members.items() if draw(st.booleans())}

    def item(is_user: bool, text: str) -> dict[str, Any]:
        if is_user:
            content: Any = [{"type": "input_text", "text": text}] if draw(st.booleans()) else text
            return {"role": "user", "content": content, **some(type="message")}
        part = {"type": "output_text", "text": text, **some(annotations=[], logprobs=[])}
        content = [part] if draw(st.booleans()) else text
        named = some(id=draw(st.sampled_from(("msg_1", "msg_2"))), status="completed", phase=None)
        return {"role": "assistant", "content": content, "type": "message", **named}

    body: dict[str, Any] = {"model": "m", **some(store=False, stream=draw(st.booleans()))}
    body["input"] = [item(*turn) for turn in said.turns]
    if len(said.turns) == 1 and said.turns[0][0] and draw(st.booleans()):
        body["input"] = said.turns[0][1]
    if said.system is not None:
        body["instructions"] = said.system
    if said.cap is not None:
        body["max_output_tokens"] = said.cap
    if said.metadata:
        body["metadata"] = dict(said.metadata)
    if said.tool is not None:
        body["tools"] = [{"type": "function", "name": said.tool[0], "strict": said.tool[1], **FUNCTION}]
    return decode_responses(json.dumps(body).encode())


def in_chat(said: Said) -> ChatRequest:
    system = [] if said.system is None else [{"role": "system", "content": said.system}]
    turns = [{"role": "user" if is_user else "assistant", "content": text} for is_user, text in said.turns]
    body: dict[str, Any] = {"model": "m", "messages": system + turns}
    if said.cap is not None:
        body["max_completion_tokens"] = said.cap
    if said.metadata:
        body["metadata"] = dict(said.metadata)
    if said.tool is not None:
        function = {"name": said.tool[0], "strict": said.tool[1], **FUNCTION}
        body["tools"] = [{"type": "function", "function": function}]
    return decode_chat(json.dumps(body).encode())


@given(st.data(), SAID, SAID)
def test_what_a_response_depends_on_is_what_is_asked_and_not_how(data: st.DataObject, one: Said, other: Said) -> None:
    first, again, second = (asked(data.draw(written(said))) for said in (one, one, other))
    assert first == again
    assert (first == second) == (one == other)


@given(st.data(), SAID, SAID)
def test_a_response_and_a_chat_share_an_answer_only_where_both_ask_the_same(
    data: st.DataObject, one: Said, other: Said
) -> None:
    response = asked(data.draw(written(one)))
    if (False, False) not in pairwise(is_user for is_user, _ in one.turns):  # which are one turn of several items
        assert response == asked(in_chat(one))
    assert one == other or response != asked(in_chat(other))


CALLED = {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}", "status": "completed"}
THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": []}
OF_ITS_OWN: tuple[dict[str, Any], ...] = (
    {},
    {"truncation": "auto"},
    {"reasoning": {}},
    {"reasoning": {"effort": "low"}},
    {"text": {"verbosity": "low"}},
    {"text": {"format": {"type": "text"}}},
    {"include": ["reasoning.encrypted_content"]},
    {"previous_response_id": "resp_1"},
    {"conversation": "conv_1"},
    {"service_tier": "flex"},
    {"tools": [{"type": "function", "name": "f", **FUNCTION}]},
    {"tools": [{"type": "function", "name": "f", "strict": True, **FUNCTION}]},
    {"tools": [{"type": "web_search"}]},
    {"input": [{"role": "user", "content": [{"type": "input_text", "text": "a", "new": 1}]}]},
    {"input": [{"role": "user", "content": "a", "new": 1}]},
    {"input": [{"role": "user", "content": [{"type": "input_text", "text": "a", "id": "b"}]}]},
    {"input": [{"role": "user", "content": [{"type": "output_text", "text": "a"}]}]},
    {"input": [THOUGHT, {"role": "assistant", "content": "b"}, {"role": "user", "content": "a"}]},
    {"input": [THOUGHT | {"id": "rs_2"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "a"}]},
    {"input": [CALLED, {"type": "function_call_output", "call_id": "c", "output": "a"}]},
    {"input": [CALLED | {"call_id": "d"}, {"type": "function_call_output", "call_id": "d", "output": "a"}]},
    {"input": [{"type": "item_reference", "id": "a"}, {"role": "user", "content": "a"}]},
    {"input": [{"role": "assistant", "content": "b", "phase": "commentary"}, {"role": "user", "content": "a"}]},
    {"input": [{"role": "assistant", "content": "b"}, {"role": "user", "content": "a"}]},
)


def test_what_responses_alone_can_say_is_never_left_out() -> None:
    body = {"model": "m", "input": "a"}
    found = [asked(decode_responses(json.dumps(body | members).encode())) for members in OF_ITS_OWN]
    assert all(one != other for one, other in combinations(found, 2))


def test_how_calls_of_tools_are_named_by_their_items_is_no_matter() -> None:
    told = {"type": "function_call_output", "call_id": "c", "output": "a"}
    bare = {name: value for name, value in CALLED.items() if name not in {"id", "status"}}
    found = [
        asked(decode_responses(json.dumps({"model": "m", "input": [*ask, told]}).encode()))
        for ask in ([CALLED], [CALLED | {"id": "fc_2", "namespace": None}], [bare])
    ]
    assert found[0] == found[1] == found[2]

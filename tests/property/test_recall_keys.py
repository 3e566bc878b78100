"""Answers are shared by those who may have them: owners, models, arms and requests never fall together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.chat import ChatRequest, Message, Role
from stellwerk.core.identity import Principal
from stellwerk.core.part import Text
from stellwerk.core.request_key import asked
from stellwerk.core.tool import FunctionTool
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

"""Marks for prompt caches: never more than four, never where a provider refuses them, and nothing else is changed."""

from __future__ import annotations

import json
from typing import Any

import anthropic.types
import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.chat import completion_create_params
from pydantic import TypeAdapter

from stellwerk.core.cache_terms import MOST_MARKS, CacheTerms, Style, terms_of
from stellwerk.core.prompt_memory import MIDDLE
from stellwerk.core.prompt_reuse import PromptReuse
from stellwerk.dialects.json_splice import splice
from stellwerk.dialects.prompt_outline import Outline, outline
from stellwerk.optimizing.cache_breakpoints import Placement, application_of, place, prefixes
from tests.golden.bedrock_converse.judge import faults
from tests.golden.matrix import validated

CLAUDE: TypeAdapter[Any] = TypeAdapter(anthropic.types.message_create_params.MessageCreateParamsNonStreaming)
OPENAI: TypeAdapter[Any] = TypeAdapter(completion_create_params.CompletionCreateParamsNonStreaming)
SECRET = b"s" * 32
MARKS = CacheTerms(Style.MARKS, 1, write_long=2_000_000)
BREAKPOINTS = CacheTerms(Style.BREAKPOINTS, 1, horizon=MIDDLE)
TEXTS = st.text(min_size=1, max_size=12)
LENGTHS = st.sampled_from([1, 2, 3, 5, 24])
SPACES = st.sampled_from(["", " ", "\n  "])


def claude_block() -> st.SearchStrategy[Any]:
    """Content of users as Anthropic takes it."""
    return st.one_of(
        st.builds(lambda text: {"type": "text", "text": text}, TEXTS),
        st.builds(
            lambda text: {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": text}]},
            TEXTS,
        ),
    )


def answer_block() -> st.SearchStrategy[Any]:
    """Content of the model."""
    return st.one_of(
        st.builds(lambda text: {"type": "text", "text": text}, TEXTS),
        st.just({"type": "thinking", "thinking": "x", "signature": "y"}),
        st.builds(lambda text: {"type": "tool_use", "id": "t1", "name": "f", "input": {"q": text}}, TEXTS),
    )


@st.composite
def claude_bodies(draw: st.DrawFn) -> dict[str, Any]:
    """Requests in Anthropic's dialect."""
    turns = draw(LENGTHS)
    messages = []
    for turn in range(turns):
        blocks = answer_block() if turn % 2 else claude_block()
        content = draw(st.one_of(TEXTS, st.lists(blocks, min_size=1, max_size=4)))
        messages.append({"role": "assistant" if turn % 2 else "user", "content": content})
    body: dict[str, Any] = {"model": "m", "max_tokens": 5, "messages": messages}
    if draw(st.booleans()):
        body["system"] = draw(
            st.one_of(TEXTS, st.lists(st.builds(lambda t: {"type": "text", "text": t}, TEXTS), min_size=1))
        )
    if draw(st.booleans()):
        body["tools"] = [{"name": f"f{n}", "input_schema": {"type": "object"}} for n in range(draw(st.integers(1, 3)))]
    return body


@st.composite
def converse_bodies(draw: st.DrawFn) -> dict[str, Any]:
    """Requests in Converse's dialect."""
    block = st.builds(lambda text: {"text": text}, TEXTS)
    messages = [
        {"role": "assistant" if turn % 2 else "user", "content": draw(st.lists(block, min_size=1, max_size=4))}
        for turn in range(draw(LENGTHS))
    ]
    body: dict[str, Any] = {"messages": messages}
    if draw(st.booleans()):
        body["system"] = draw(st.lists(block, min_size=1, max_size=2))
    if draw(st.booleans()):
        spec = {"name": "f", "inputSchema": {"json": {"type": "object"}}}
        body["toolConfig"] = {"tools": [{"toolSpec": spec}]}
    return body


@st.composite
def chat_bodies(draw: st.DrawFn) -> dict[str, Any]:
    """Requests in OpenAI's dialect of chat."""
    part = st.builds(lambda text: {"type": "text", "text": text}, TEXTS)
    content = st.one_of(TEXTS, st.lists(part, min_size=1, max_size=3))
    messages = [{"role": "system", "content": draw(content)} for _ in range(draw(st.integers(0, 2)))]
    for turn in range(draw(st.integers(1, 8))):
        role = "assistant" if turn % 2 else "user"
        messages.append({"role": role, "content": draw(TEXTS if turn % 2 else content)})
    return {"model": "gpt-6", "messages": messages}


def placed(
    reuse: PromptReuse, parts: Outline, terms: CacheTerms, now: float, tenant: bytes = b"t", credit: int = 10**12
) -> Placement:
    """A prompt arrives, and is marked."""
    beginnings = prefixes(parts, SECRET, tenant)
    told = [(each.digest, each.is_kept) for each in beginnings]
    arrival = reuse.arrive(told, application_of(parts, beginnings) or tenant, tenant, parts.depth, now)
    found = place(parts, beginnings, arrival, terms, "p/m", len(parts.body), now, credit)
    for digest, kept_s in found.kept:
        reuse.warm(digest, "p/m", now, now + kept_s)
    return found


def conversation(
    dialect: str, body: dict[str, Any], space: str, gap_s: float, terms: CacheTerms
) -> list[tuple[bytes, bytes]]:
    """Each turn of a conversation as it came and as it went on, the whole of it four times over."""
    reuse, now = PromptReuse(), 0.0
    found = []
    for _ in range(3):
        for turn in range(0, len(body["messages"]), 2):
            so_far = {**body, "messages": body["messages"][: turn + 1]}
            raw = json.dumps(so_far, separators=("," + space, ":" + space)).encode()
            parts = outline(dialect, raw)
            assert parts is not None
            made = placed(reuse, parts, terms, now)
            assert made.count <= MOST_MARKS
            assert made.reason
            found.append((raw, splice(raw, made.edits)))
            now += gap_s
    return found


def without_marks(value: Any, name: str) -> Any:
    """The value without marks; a text in a list of its own is what it says."""
    if isinstance(value, dict):
        return {key: without_marks(each, name) for key, each in value.items() if key != name}
    if isinstance(value, list):
        items = [without_marks(each, name) for each in value if not (isinstance(each, dict) and list(each) == [name])]
        return items[0]["text"] if len(items) == 1 and set(items[0]) == {"type", "text"} else items
    return value


def plain(value: Any) -> Any:
    """The same of a request without marks."""
    return without_marks(value, "no such member")


GAPS = st.sampled_from([0.5, 100.0, 1_000.0])


@settings(max_examples=30)
@given(claude_bodies(), SPACES, GAPS)
def test_marks_for_claude_are_few_valid_and_the_only_change(body: dict[str, Any], space: str, gap_s: float) -> None:
    for raw, marked in conversation("anthropic_messages", body, space, gap_s, MARKS):
        value = msgspec.json.decode(marked)
        validated(CLAUDE, value)
        assert plain(without_marks(value, "cache_control")) == plain(msgspec.json.decode(raw))
        lives = [block["cache_control"].get("ttl", "5m") for block in in_order(value) if "cache_control" in block]
        assert len(lives) <= MOST_MARKS
        assert lives == sorted(lives)  # an hour before five minutes
        assert not any("cache_control" in block for block in in_order(value) if block.get("type") == "thinking")


def in_order(value: Any) -> list[dict[str, Any]]:
    """All blocks in the order in which the model reads them."""
    found = list(value.get("tools", ()))
    for holder in ({"content": value.get("system", ())}, *value["messages"]):
        found += [block for block in holder["content"] if isinstance(block, dict)]
    return found


@settings(max_examples=30)
@given(converse_bodies(), SPACES, GAPS)
def test_cache_points_for_bedrock_are_few_valid_and_the_only_change(
    body: dict[str, Any], space: str, gap_s: float
) -> None:
    for raw, marked in conversation("bedrock_converse", body, space, gap_s, MARKS):
        value = msgspec.json.decode(marked)
        assert faults(marked) == []
        assert without_marks(value, "cachePoint") == plain(msgspec.json.decode(raw))
        assert marked.count(b'"cachePoint"') <= MOST_MARKS


@settings(max_examples=30)
@given(chat_bodies(), SPACES, GAPS)
def test_breakpoints_for_openai_are_few_valid_and_the_only_change(
    body: dict[str, Any], space: str, gap_s: float
) -> None:
    for raw, marked in conversation("openai_chat", body, space, gap_s, BREAKPOINTS):
        value = msgspec.json.decode(marked)
        validated(OPENAI, value)
        value.pop("prompt_cache_options", None)
        assert plain(without_marks(value, "prompt_cache_breakpoint")) == plain(msgspec.json.decode(raw))
        assert marked.count(b'"prompt_cache_breakpoint"') <= MOST_MARKS


@settings(max_examples=30)
@given(claude_bodies(), st.integers(0, 3))
def test_whatever_the_caller_marks_nothing_is_added(body: dict[str, Any], where: int) -> None:
    control = {"type": "ephemeral"}
    match where:
        case 0:
            body["cache_control"] = control
        case 1:
            body["tools"] = [{"name": "f", "input_schema": {"type": "object"}, "cache_control": control}]
        case 2:
            body["system"] = [{"type": "text", "text": "x", "cache_control": control}]
        case _:
            content = [{"type": "text", "text": "x", "cache_control": control}]
            body["messages"][0]["content"] = content
    for spelled in ("cache_control", "cache\\u005fcontrol"):
        raw = json.dumps(body).replace("cache_control", spelled).encode()
        parts = outline("anthropic_messages", raw)
        assert parts is not None
        reuse = PromptReuse()
        assert not any(placed(reuse, parts, MARKS, now).edits for now in (0.0, 1.0, 2.0, 3.0))


@settings(max_examples=30)
@given(claude_bodies(), st.binary(min_size=1, max_size=8), st.binary(min_size=1, max_size=8))
def test_tenants_never_learn_from_one_another(body: dict[str, Any], one: bytes, other: bytes) -> None:
    parts = outline("anthropic_messages", json.dumps(body).encode())
    assert parts is not None
    mine = {each.digest for each in prefixes(parts, SECRET, one)}
    theirs = {each.digest for each in prefixes(parts, SECRET, other)}
    assert (mine == theirs) if one == other else not mine & theirs
    reuse = PromptReuse()
    for now in range(20):
        placed(reuse, parts, MARKS, float(now), one)
    made = placed(reuse, parts, MARKS, 20.0, one + b"x", credit=0)
    assert not made.edits


@given(
    st.dictionaries(
        st.sampled_from(["messages", "system", "tools", "toolConfig", "input", "x"]),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3),
                st.dictionaries(st.sampled_from(["role", "content", "type", "text", "tools"]), inner, max_size=3),
            ),
            max_leaves=8,
        ),
    )
)
def test_bodies_that_are_no_prompts_are_left_alone_or_stay_json(body: dict[str, Any]) -> None:
    raw = json.dumps(body).encode()
    for dialect in ("anthropic_messages", "bedrock_converse", "openai_chat", "openai_responses", "gemini"):
        parts = outline(dialect, raw)
        if parts is None:
            continue
        reuse = PromptReuse()
        for now in range(4):
            for terms in (MARKS, BREAKPOINTS):
                made = placed(reuse, parts, terms, float(now))
                msgspec.json.decode(splice(raw, made.edits))


def test_the_terms_of_models_are_those_of_their_makers() -> None:
    def minimum(kind: str, dialect: str, model: str) -> int | None:
        found = terms_of(kind, dialect, model, None)
        return found.minimum if found is not None and found.style is Style.MARKS else None

    assert minimum("anthropic", "anthropic_messages", "claude-sonnet-4-5") == 1_024
    assert minimum("anthropic", "anthropic_messages", "claude-haiku-4-5-20251001") == 4_096
    assert minimum("anthropic", "anthropic_messages", "claude-3-5-haiku-latest") == 2_048
    assert minimum("anthropic", "anthropic_messages", "claude-opus-5") == 512
    assert minimum("bedrock", "bedrock_converse", "eu.anthropic.claude-opus-4-6-v1:0") == 4_096
    assert minimum("bedrock", "bedrock_converse", "anthropic.claude-3-sonnet-20240229-v1:0") is None
    assert minimum("bedrock", "bedrock_converse", "amazon.nova-pro-v1:0") is None
    assert terms_of("openai", "openai_embeddings", "text-embedding-3-small", None) is None

"""What tells a plain prompt from one that names, holds or calls more than its own text."""

from __future__ import annotations

import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.able import MEDIA
from stellwerk.dialects import extras, own_tools
from stellwerk.gateway import demand

DIALECTS = ("openai_chat", "openai_completions", "openai_responses", "anthropic_messages", "gemini", "bedrock_converse")


@pytest.mark.parametrize("name", ["_STORED", "_UNMEASURED"])
@given(data=st.data())
def test_no_body_is_plain_that_a_closer_look_would_not_find_so(name: str, data: st.DataObject) -> None:
    found = data.draw(st.from_regex(getattr(demand, name), fullmatch=True))
    before, after = data.draw(st.binary(max_size=20)), data.draw(st.binary(max_size=20))
    assert not demand.is_plain(before + found + after)


@pytest.mark.parametrize("name", sorted({name for names, *_ in own_tools._DIALECTS.values() for name in names}))
def test_no_body_is_plain_that_may_name_tools(name: str) -> None:
    assert not demand.is_plain(b'{"%b":[]}' % name.encode())


@pytest.mark.parametrize("dialect", DIALECTS)
@given(words=st.lists(st.binary(max_size=12), max_size=4), data=st.data())
def test_no_body_is_plain_in_which_a_dialect_may_have_media_or_tools(
    dialect: str, words: list[bytes], data: st.DataObject
) -> None:
    may_need = importlib.import_module(f"stellwerk.dialects.{dialect}.needs").may_need
    pattern, _ = may_need.__self__._sought((*MEDIA, "tools"))
    if pattern is not None:
        words.append(data.draw(st.from_regex(pattern, fullmatch=True)))
    body = b"[[" + b'"'.join(words)
    assert not (may_need(body, *MEDIA, "tools") and demand.is_plain(body))


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"smart","max_tokens":9,"messages":[{"role":"user","content":"a file, a tool, an image"}]}',
        b'{"messages":[{"content":"Gr\\u00fc\\u00dfe\\n"}]}',
        b"",
    ],
)
def test_text_alone_is_plain(body: bytes) -> None:
    assert demand.is_plain(body)


@pytest.mark.parametrize("name", extras._NAMES)
def test_no_body_is_plain_that_may_cost_more_than_the_standard_price(name: str) -> None:
    assert not demand.is_plain(b'{"%b":"x"}' % name.encode())

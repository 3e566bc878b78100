"""OpenAI itself: where it is, and whose account pays."""

from __future__ import annotations

import msgspec
import pytest

from stellwerk.core.envelope import Envelope
from stellwerk.core.route import Target
from stellwerk.core.wire import Origin
from stellwerk.dialects.openai_chat.request import read_envelope
from stellwerk.providers.openai import SECRETS, Settings, build

ENVELOPE: Envelope = read_envelope(b'{"model":"smart","messages":[]}', max_depth=9)
TARGET = Target("openai/gpt-5.2", "openai", "gpt-5.2")


def test_it_is_where_openai_is_unless_told_otherwise() -> None:
    provider = build(Settings(api_key="sk-1"))
    assert provider.origin == Origin("https", "api.openai.com", 443)
    assert provider.prepare(ENVELOPE, TARGET, "sk-1", b"").path == b"/v1/chat/completions"
    assert provider.dialect == "openai_chat"


def test_organization_and_project_are_sent_where_they_are_set() -> None:
    plain = build(Settings(api_key="sk-1")).prepare(ENVELOPE, TARGET, "sk-1", b"").fields
    assert b"openai-" not in plain
    fields = (
        build(Settings(api_key="sk-1", organization="org-1", project="proj-2"))
        .prepare(ENVELOPE, TARGET, "sk-1", b"")
        .fields
    )
    assert b"openai-organization: org-1\r\n" in fields
    assert b"openai-project: proj-2\r\n" in fields


def test_a_header_cannot_be_split_by_an_option() -> None:
    with pytest.raises(ValueError, match="header"):
        build(Settings(api_key="sk-1", organization="org\r\nx-evil: 1"))


def test_the_key_is_needed_and_a_secret() -> None:
    assert SECRETS == ("api_key",)
    with pytest.raises(msgspec.ValidationError, match="api_key"):
        msgspec.convert({}, Settings)

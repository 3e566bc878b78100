"""Anthropic itself: where it is, which version of it is meant, and which features are asked for."""

from __future__ import annotations

import msgspec
import pytest

from stellwerk.core.envelope import Envelope
from stellwerk.core.route import Target
from stellwerk.core.wire import Origin
from stellwerk.dialects.anthropic_messages.request import read_envelope
from stellwerk.providers.anthropic import SECRETS, Settings, build

ENVELOPE: Envelope = read_envelope(b'{"model":"smart","messages":[]}', max_depth=9)
TARGET = Target("anthropic/claude-opus-4-8", "anthropic", "claude-opus-4-8")


def test_it_is_where_anthropic_is_unless_told_otherwise() -> None:
    provider = build(Settings(api_key="sk-1"))
    assert provider.origin == Origin("https", "api.anthropic.com", 443)
    assert provider.prepare(ENVELOPE, TARGET, "sk-1", b"").path == b"/v1/messages"
    assert provider.dialect == "anthropic_messages"


def test_version_and_features_are_sent() -> None:
    plain = build(Settings(api_key="sk-1")).prepare(ENVELOPE, TARGET, "sk-1", b"").fields
    assert b"anthropic-version: 2023-06-01\r\n" in plain
    assert b"anthropic-beta" not in plain
    settings = Settings(api_key="sk-1", version="2027-01-01", betas=("files-api-2025-04-14", "x"))
    fields = build(settings).prepare(ENVELOPE, TARGET, "sk-1", b"").fields
    assert b"anthropic-version: 2027-01-01\r\n" in fields
    assert b"anthropic-beta: files-api-2025-04-14,x\r\n" in fields


def test_a_header_cannot_be_split_by_an_option() -> None:
    with pytest.raises(ValueError, match="header"):
        build(Settings(api_key="sk-1", version="1\r\nx-evil: 1"))


def test_the_key_is_needed_and_a_secret() -> None:
    assert SECRETS == ("api_key",)
    with pytest.raises(msgspec.ValidationError, match="api_key"):
        msgspec.convert({}, Settings)

"""Hosts that speak the OpenAI dialect: by name, by address, or both."""

from __future__ import annotations

import pytest

from stellwerk.core.route import Target
from stellwerk.core.wire import Origin
from stellwerk.dialects.openai_chat.request import read_envelope
from stellwerk.providers.compatible import HOSTS, SECRETS, Settings, build

ENVELOPE = read_envelope(b'{"model":"smart","messages":[]}', max_depth=9)
TARGET = Target("x/m", "x", "m")


@pytest.mark.parametrize("host", HOSTS)
def test_every_known_host_has_an_address_that_works(host: str) -> None:
    provider = build(Settings(host=host))
    request = provider.prepare(ENVELOPE, TARGET, "key", b"")
    assert request.path.endswith(b"/chat/completions")
    assert b"//" not in request.path
    is_local = provider.origin.host == "127.0.0.1"
    assert provider.origin.scheme == ("http" if is_local else "https")


def test_an_address_of_ones_own_wins() -> None:
    provider = build(Settings(host="groq", base_url="http://10.0.0.7:8000/openai/"))
    assert provider.origin == Origin("http", "10.0.0.7", 8000)
    assert provider.prepare(ENVELOPE, TARGET, "", b"").path == b"/openai/chat/completions"


def test_without_a_key_nothing_is_claimed() -> None:
    request = build(Settings(host="ollama")).prepare(ENVELOPE, TARGET, "", b"")
    assert b"authorization" not in request.fields
    assert SECRETS == ("api_key",)


def test_a_key_that_comes_and_goes_is_never_left_over() -> None:
    provider = build(Settings(host="vllm"))
    seen = [provider.prepare(ENVELOPE, TARGET, key, b"").fields for key in ("", "one", "two", "", "one")]
    assert [b"Bearer one" in fields for fields in seen] == [False, True, False, False, True]
    assert [b"Bearer two" in fields for fields in seen] == [False, False, True, False, False]


def test_an_unknown_host_is_told_which_are_known() -> None:
    with pytest.raises(ValueError, match=r"unknown host 'grok'; known are .*groq"):
        Settings(host="grok")


def test_a_row_that_names_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="either `host` or `base_url`"):
        Settings(api_key="x")

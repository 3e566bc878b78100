"""What every provider has to be, whatever its upstream: pure translation that owns no framing and leaks no key."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stellwerk import plugins
from stellwerk.core.envelope import Envelope
from stellwerk.core.media import Link
from stellwerk.core.part import Audio, Document, Image, Video
from stellwerk.core.route import Target
from stellwerk.core.wire import Failure, FailureKind
from stellwerk.dialects.anthropic_messages.request import read_envelope as read_anthropic_messages
from stellwerk.dialects.bedrock_converse.request import read_envelope as read_converse
from stellwerk.dialects.gemini.request import read_envelope as read_gemini
from stellwerk.dialects.openai_chat.request import read_envelope as read_openai_chat
from stellwerk.ports.provider import Provider

CREDENTIAL = "sk-0123456789abcdef"
TRACE = b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
OPTIONS: dict[str, dict[str, Any]] = {
    "anthropic": {"api_key": CREDENTIAL, "base_url": "http://127.0.0.1:9"},
    "azure": {"api_key": CREDENTIAL, "base_url": "http://127.0.0.1:9"},
    "bedrock": {"api_key": CREDENTIAL, "base_url": "http://127.0.0.1:9"},
    "openai": {"api_key": CREDENTIAL, "base_url": "http://127.0.0.1:9/v1"},
    "compatible": {"api_key": CREDENTIAL, "base_url": "http://127.0.0.1:9/v1"},
    "gemini": {"api_key": CREDENTIAL, "base_url": "http://127.0.0.1:9"},
    "vertex": {
        "access_token": CREDENTIAL,
        "base_url": "http://127.0.0.1:9",
        "project": "p-1",
        "location": "europe-west4",
    },
}
"""Options with which each provider can be built: a new one gets a row here."""
READERS: dict[str, Callable[..., Envelope]] = {
    "anthropic_messages": read_anthropic_messages,
    "openai_chat": read_openai_chat,
}
"""The thin reading of each dialect."""
TELLS_USAGE_UNASKED = {"anthropic_messages", "bedrock_converse", "gemini"}
NAMES = plugins.shelf("providers")
FIELD = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [\t\x20-\x7e\x80-\xff]*\r\n")
GEMINI = ("gemini", "vertex")
GEMINI_BODY = b'{"model":"smart","contents":[{"parts":[{"text":"Hello \xc3\xa4"}]}],"x_unknown":[1,{"a":null}]}'
BODY = b'{"model":"smart","messages":[{"role":"user","content":"Hello \xc3\xa4"}],"x_unknown":[1,{"a":null}]%b}'
CONVERSE = b'{"messages":[{"role":"user","content":[{"text":"Hello \xc3\xa4"}]}],"x_unknown":[1,{"a":null}]}'
TARGET = Target("one/upstream-model", "one", "upstream-model")

pytestmark = pytest.mark.parametrize("name", NAMES)


def provider(name: str) -> Provider:
    """The provider of that name."""
    return cast("Provider", plugins.build("providers", name, OPTIONS[name]))


def envelopes(name: str) -> list[Envelope]:
    """Requests of the sorts that there are, in the provider's dialect."""
    if provider(name).dialect == "bedrock_converse":
        return [read_converse(CONVERSE, model="smart", is_stream=flag, max_depth=99) for flag in (False, True)]
    if name in GEMINI:
        return [
            read_gemini(GEMINI_BODY, model="smart", is_stream=is_stream, is_sse=is_sse, max_depth=99)
            for is_stream, is_sse in ((False, True), (True, True), (True, False))
        ]
    members = (b"", b',"stream":true', b',"stream":true,"stream_options":{"include_usage":true}', b',"n":3')
    read = READERS[provider(name).dialect]
    return [read(BODY % member, max_depth=99) for member in members]


def test_it_names_a_dialect_and_an_origin(name: str) -> None:
    built = provider(name)
    assert built.dialect in {*READERS, "bedrock_converse", "gemini"}
    assert built.speaks(built.dialect)
    assert not built.speaks("klingon")
    assert (built.origin.scheme, built.origin.host, built.origin.port) == ("http", "127.0.0.1", 9)


def test_it_says_which_media_may_stay_behind_their_url(name: str) -> None:
    built = provider(name)
    taken = [built.takes_url(Link(kind, "https://a.test/b")) for kind in (Image, Video, Document, Audio)]
    assert taken == {
        "anthropic_messages": [True, True, True, True],
        "bedrock_converse": [False, False, False, False],
        "gemini": [False, False, False, False],
        "openai_chat": [True, True, False, False],
    }.get(built.dialect)
    assert built.takes_url(Link(Video, "https://youtu.be/x")) is (built.dialect != "bedrock_converse")


def test_it_prepares_a_request_that_leaves_framing_to_the_engine(name: str) -> None:
    for envelope in envelopes(name):
        request = provider(name).prepare(envelope, TARGET, CREDENTIAL, b"")
        assert re.fullmatch(rb"/[\x21-\x7e]*", request.path)
        assert request.method == b"POST"
        lines = request.fields.splitlines(keepends=True)
        assert all(FIELD.fullmatch(line) for line in lines)
        names = [line.partition(b":")[0].lower() for line in lines]
        assert len(set(names)) == len(names)
        assert not {b"host", b"content-length", b"connection", b"transfer-encoding"} & set(names)
        assert b"identity" in dict(line.strip().split(b": ", 1) for line in lines)[b"accept-encoding"]


def test_it_asks_for_the_targets_model_and_keeps_the_rest(name: str) -> None:
    for envelope in envelopes(name):
        request = provider(name).prepare(envelope, TARGET, CREDENTIAL, b"")
        assert b"upstream-model" in request.body + request.path
        assert b'"smart"' not in request.body
        assert b'"x_unknown":[1,{"a":null}]' in request.body
        assert "Hello \u00e4".encode() in request.body
        assert envelope.model == "smart"


def test_a_streams_usage_is_asked_for(name: str) -> None:
    streamed = [envelope for envelope in envelopes(name) if envelope.is_stream]
    if provider(name).dialect in TELLS_USAGE_UNASKED:
        return
    assert all(b'"include_usage":true' in provider(name).prepare(one, TARGET, "", b"").body for one in streamed)


def test_the_credential_stands_in_one_header_and_nowhere_else(name: str) -> None:
    request = provider(name).prepare(envelopes(name)[0], TARGET, CREDENTIAL, b"")
    assert request.fields.count(CREDENTIAL.encode()) == 1
    assert CREDENTIAL.encode() not in request.path + request.body


def test_the_credential_of_the_moment_is_used_not_that_of_the_settings(name: str) -> None:
    built = provider(name)
    built.prepare(envelopes(name)[0], TARGET, CREDENTIAL, b"")
    fields = built.prepare(envelopes(name)[0], TARGET, "sk-rotated", b"").fields
    assert b"sk-rotated" in fields
    assert CREDENTIAL.encode() not in fields


def test_a_credential_cannot_split_the_head(name: str) -> None:
    with pytest.raises(ValueError, match="header"):
        provider(name).prepare(envelopes(name)[0], TARGET, "sk-1\r\nx-evil: 1", b"")


def test_trace_context_is_added_and_not_kept(name: str) -> None:
    built = provider(name)
    assert built.prepare(envelopes(name)[0], TARGET, CREDENTIAL, TRACE).fields.count(TRACE) == 1
    assert b"traceparent" not in built.prepare(envelopes(name)[0], TARGET, CREDENTIAL, b"").fields


def test_preparing_twice_gives_the_same(name: str) -> None:
    built = provider(name)
    for envelope in envelopes(name):
        first, second = (built.prepare(envelope, TARGET, CREDENTIAL, TRACE) for _ in range(2))
        assert first == second


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, FailureKind.REFUSED),
        (401, FailureKind.CREDENTIALS),
        (403, FailureKind.CREDENTIALS),
        (404, FailureKind.REFUSED),
        (413, FailureKind.REFUSED),
        (422, FailureKind.REFUSED),
        (429, FailureKind.RATE_LIMITED),
        (500, FailureKind.UNAVAILABLE),
        (502, FailureKind.UNAVAILABLE),
        (503, FailureKind.UNAVAILABLE),
        (529, FailureKind.UNAVAILABLE),
    ],
)
def test_refusals_are_read(name: str, status: int, kind: FailureKind) -> None:
    failure = provider(name).classify(status, {}, b'{"error":{"message":"Because."}}', 0.0)
    assert (failure.kind, failure.status) == (kind, status)
    assert "Because." in failure.message


def test_the_time_to_wait_is_read(name: str) -> None:
    built = provider(name)
    assert built.classify(429, {b"retry-after": b"7"}, b"{}", 0.0).retry_after_s == 7
    date = {b"retry-after": b"Thu, 01 Jan 1970 00:01:40 GMT"}
    assert built.classify(429, date, b"{}", 40.0).retry_after_s == 60
    assert built.classify(429, {}, b"{}", 0.0).retry_after_s is None


@given(
    status=st.integers(300, 599),
    headers=st.dictionaries(
        st.sampled_from([b"retry-after", b"retry-after-ms", b"content-type"]), st.binary(max_size=30)
    ),
    body=st.one_of(
        st.binary(max_size=300),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["error", "errors", "detail", "message", "code", "param"]), inner)
            ),
            max_leaves=8,
        ).map(msgspec.json.encode),
    ),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_an_upstream_says_is_a_failure_in_few_words(
    name: str, status: int, headers: dict[bytes, bytes], body: bytes
) -> None:
    failure = provider(name).classify(status, headers, body, 1_700_000_000.0)
    assert isinstance(failure, Failure)
    assert failure.status == status
    assert failure.message.isprintable()
    assert 0 < len(failure.message) <= 1_000
    assert failure.retry_after_s is None or failure.retry_after_s >= 0


@pytest.mark.parametrize(
    "url", ["", "nonsense", "ftp://x/v1", "https://", "https://u:p@x/v1", "https://x/v1?a=b", "https://x/#f"]
)
def test_an_address_that_cannot_be_one_is_refused(name: str, url: str) -> None:
    if not url and name in {"bedrock", "compatible", "vertex"}:
        return
    with pytest.raises(ValueError, match="expected an http"):
        plugins.build("providers", name, {**OPTIONS[name], "base_url": url})

"""Azure OpenAI: which path a deployment is asked on, and by which credential; judged by OpenAI's own SDK."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import httpx2
import pytest
from openai import AzureOpenAI, OpenAI

from stellwerk.cloud.azure_host import AzureHost
from stellwerk.core.chat import ChatRequest, Message, Role
from stellwerk.core.embedding import EmbeddingRequest
from stellwerk.core.envelope import Envelope
from stellwerk.core.part import Text
from stellwerk.core.route import Target
from stellwerk.core.wire import Origin
from stellwerk.dialects.openai_chat.request import read_envelope as read_chat
from stellwerk.dialects.openai_completions.request import read_envelope as read_completion
from stellwerk.dialects.openai_embeddings.request import read_envelope as read_embedding
from stellwerk.dialects.openai_passage.envelope import Passage, read_passage
from stellwerk.dialects.openai_passage.operation import find
from stellwerk.dialects.openai_responses.request import read_envelope as read_response
from stellwerk.errors import InvalidRequest, UpstreamCredentials
from stellwerk.ports.credential import Refreshed, Signing
from stellwerk.ports.provider import Embedding
from stellwerk.providers.azure import SECRETS, Settings, build
from tests.unit.cloud.sources import NOW, Services

URL = "https://mine.openai.azure.com"
TARGET = Target("az/gpt mini", "az", "gpt mini")
CHAT = read_chat(b'{"model":"smart","messages":[]}', max_depth=9)
COMPLETION = read_completion(b'{"model":"smart","prompt":"x"}', max_depth=9)
EMBEDDING = read_embedding(b'{"model":"smart","input":"x"}', max_depth=9)
RESPONSE = read_response(b'{"model":"smart","input":"x"}', max_depth=9)
REQUEST = ChatRequest("smart", (Message(Role.USER, (Text("Hi"),)),))
TOKEN = b'{"access_token":"ey.J","expires_in":3599}'


def made(environment: dict[str, str] | None = None, /, **options: Any) -> AzureHost:
    """The provider."""
    provider = build(Settings(URL, **options), environment=environment or {})
    assert isinstance(provider, Signing)
    assert isinstance(provider, Refreshed)
    return cast("AzureHost", provider)


@pytest.mark.parametrize(
    ("envelope", "path"),
    [(CHAT, b"/chat/completions"), (COMPLETION, b"/completions"), (EMBEDDING, b"/embeddings")],
)
def test_a_deployment_stands_in_the_path_with_the_version(envelope: Envelope, path: bytes) -> None:
    provider = made(api_key="key", path="deployments")
    wire = provider.prepare(envelope, TARGET, "key", b"")
    assert wire.path == b"/openai/deployments/gpt%20mini" + path + b"?api-version=2024-10-21"
    assert wire.fields.endswith(b"api-key: key\r\n")
    assert b"authorization" not in wire.fields
    assert provider.prepare(envelope, TARGET, "key", b"").path == wire.path
    assert not provider.speaks("openai_responses")


@pytest.mark.parametrize(
    ("envelope", "path"),
    [
        (CHAT, b"/chat/completions"),
        (COMPLETION, b"/completions"),
        (EMBEDDING, b"/embeddings"),
        (RESPONSE, b"/responses"),
    ],
)
def test_on_the_newer_path_a_deployment_stands_in_the_body(envelope: Envelope, path: bytes) -> None:
    provider = made(api_key="key")
    wire = provider.prepare(envelope, TARGET, "key", b"")
    assert wire.path == b"/openai/v1" + path
    assert b'"model":"gpt mini"' in wire.body
    assert provider.speaks(envelope.dialect)
    assert not provider.speaks("openai_moderations")
    preview = made(api_key="key", api_version="preview")
    assert preview.prepare(envelope, TARGET, "key", b"").path == wire.path + b"?api-version=preview"


def passage(method: bytes, path: str, body: bytes = b"", query: bytes = b"") -> Envelope:
    """What is passed through."""
    place = find(path)
    assert place is not None
    return read_passage(body, place, method=method, query=query, content_type=b"application/json", max_depth=9)


PICTURE = passage(b"POST", "/v1/images/generations", b'{"model":"smart","prompt":"a cat"}')
HOME = Target("az/", "az", "")


@pytest.mark.parametrize(
    ("envelope", "path"),
    [
        (passage(b"GET", "/v1/files", query=b"limit=5"), b"/openai/files?limit=5&api-version=2024-10-21"),
        (passage(b"DELETE", "/v1/files/file-1"), b"/openai/files/file-1?api-version=2024-10-21"),
        (passage(b"POST", "/v1/batches", b"{}"), b"/openai/batches?api-version=2024-10-21"),
        (passage(b"GET", "/v1/fine_tuning/jobs"), b"/openai/fine_tuning/jobs?api-version=2024-10-21"),
    ],
)
def test_what_a_resource_keeps_is_asked_for_beside_its_deployments(envelope: Envelope, path: bytes) -> None:
    provider = made(api_key="key", path="deployments")
    assert provider.speaks(envelope.dialect)
    wire = provider.prepare(envelope, HOME, "key", b"")
    assert (wire.path, b"api-key: key\r\n" in wire.fields) == (path, True)
    assert isinstance(envelope, Passage)
    assert wire.method == envelope.method
    newer = made(api_key="key").prepare(envelope, HOME, "key", b"").path
    assert newer == path.replace(b"/openai/", b"/openai/v1/").replace(b"api-version=2024-10-21", b"").rstrip(b"?&")


def test_pictures_are_asked_of_a_deployment() -> None:
    provider = made(api_key="key", path="deployments")
    wire = provider.prepare(PICTURE, TARGET, "key", b"")
    assert wire.path == b"/openai/deployments/gpt%20mini/images/generations?api-version=2024-10-21"
    with pytest.raises(InvalidRequest, match="a model is needed"):
        provider.prepare(PICTURE, HOME, "key", b"")


def test_responses_are_kept_only_where_they_are_made() -> None:
    assert made(api_key="key").speaks("openai_stored_responses")
    assert not made(api_key="key", path="deployments").speaks("openai_stored_responses")


def test_vectors_for_callers_of_other_dialects_are_asked_of_a_deployment() -> None:
    provider = made(api_key="key", path="deployments")
    assert isinstance(provider, Embedding)
    assert provider.embedding_dialect == "openai_embeddings"
    wire = provider.prepare_embedding(EmbeddingRequest("smart", ("a",)), TARGET, "key", b"")
    assert wire.path == b"/openai/deployments/gpt%20mini/embeddings?api-version=2024-10-21"


def test_requests_of_other_dialects_go_the_same_way() -> None:
    wire = made(api_key="key", path="deployments", api_version="2025-01-01-preview").prepare_chat(
        REQUEST, TARGET, "key", b"x: y\r\n"
    )
    assert wire.path == b"/openai/deployments/gpt%20mini/chat/completions?api-version=2025-01-01-preview"
    assert b"x: y\r\napi-key: key\r\n" in wire.fields


@pytest.mark.parametrize("path", ["v1", "deployments"])
def test_the_sdk_asks_at_the_same_place(path: Any) -> None:
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(500)

    http_client = httpx2.Client(transport=httpx2.MockTransport(answer))
    client: OpenAI
    if path == "v1":
        client = OpenAI(base_url=f"{URL}/openai/v1", api_key="key", http_client=http_client, max_retries=0)
    else:
        client = AzureOpenAI(
            azure_endpoint=URL, api_version="2024-10-21", api_key="key", http_client=http_client, max_retries=0
        )
    with pytest.raises(Exception, match="500"):
        client.chat.completions.create(model="mini", messages=[])
    wire = made(api_key="key", path=path).prepare(CHAT, Target("az/mini", "az", "mini"), "key", b"")
    assert asked[0].url.raw_path == wire.path
    assert asked[0].url.host == made(api_key="key").origin.host
    if path == "deployments":
        assert asked[0].headers["api-key"] == "key"


def test_a_token_takes_the_place_of_a_key() -> None:
    provider = made(tenant_id="tenant", client_id="app", client_secret="s3cr3t")
    prepared = provider.prepare(CHAT, TARGET, "", b"")
    assert b"api-key" not in prepared.fields
    with pytest.raises(UpstreamCredentials):
        provider.sign(prepared, NOW)
    url = "https://login.microsoftonline.com/tenant/oauth2/v2.0/token"
    asyncio.run(provider.refresh(Services({("POST", url): (200, TOKEN)}), NOW))
    assert provider.sign(prepared, NOW).fields == prepared.fields + b"authorization: Bearer ey.J\r\n"
    assert provider.origins == (Origin("https", "login.microsoftonline.com", 443),)
    assert made().origins == (Origin("http", "169.254.169.254", 80),)
    assert made(api_key="key").origins == ()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"api_version": "2024&x=y"}, "api_version"),
        ({"api_key": "key", "client_id": "app"}, "is enough"),
        ({"api_key": "key", "client_secret": "s3cr3t"}, "is enough"),
    ],
)
def test_settings_that_contradict_are_refused(options: dict[str, str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refused:
        made(**options)
    assert "s3cr3t" not in str(refused.value)
    assert SECRETS == ("api_key", "client_secret")


def test_hosts_of_deployments_are_remembered_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stellwerk.cloud.azure_host.MOST_HOSTS", 1)
    provider = made(api_key="key", path="deployments")
    for name in ("a", "b", "b"):
        assert b"/" + name.encode() + b"/" in provider.prepare(CHAT, Target("x", "az", name), "key", b"").path
    assert len(provider._hosts) == 1
